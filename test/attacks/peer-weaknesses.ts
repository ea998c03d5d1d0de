/** A published weakness of a package that does a similar job, and the test that keeps it out of this one. */
export interface PeerWeakness {
  readonly weakness: string
  /** Where it was published, or who has it. */
  readonly seenIn: string
  /** The file that has the test, from the root of the repository. */
  readonly file: string
  /** The title of the test, as it is written there. */
  readonly test: string
}

const here = 'test/attacks/peer-weaknesses.test.ts'

// biome-ignore format: a table is read by its columns
export const peerWeaknesses: readonly PeerWeakness[] = [
  { weakness: 'any exception lets the request in', seenIn: 'samples of GeeTest v4, Aliyun 2.0, Dingxiang', file: 'test/flow/sdk-client.test.ts', test: 'a client with a bug is next(error), never a pass' },
  { weakness: 'a wrong secret (401) opens the door', seenIn: 'Friendly Captcha SDK', file: here, test: 'a wrong secret opens no door' },
  { weakness: 'a spent quota (429) opens the door', seenIn: 'Friendly Captcha SDK; superserve pull request 314', file: here, test: 'a quota that a flood has spent opens no door' },
  { weakness: 'a missing secret skips the verification', seenIn: 'e2b-dev/dashboard pull request 229', file: here, test: 'a missing secret makes no guard' },
  { weakness: 'a request without a token skips the verification', seenIn: 'OpenHands pull request 12409', file: here, test: 'a request without a token is refused' },
  { weakness: 'a token passes twice', seenIn: 'CVE-2026-3214 (Drupal captcha); typo3-altcha 33', file: here, test: 'a ticket that passed does not pass again, verified or degraded' },
  { weakness: 'a token that is sent many times at once passes more than once', seenIn: 'samples that mark a token after the await', file: 'test/flow/precedence.test.ts', test: 'a verified ticket sent eight times at once passes once' },
  { weakness: 'a made-up fallback ticket passes', seenIn: 'public tools against Tencent; GeeTest v3 md5; Yidun DEFAULT_VALIDATE', file: here, test: 'made-up fallback tickets pass no more often than the doubt purse allows' },
  { weakness: 'enough errors of clients open the door', seenIn: 'Yidun: three errors in the page', file: 'test/flow/outage.test.ts', test: 'no number of fallback tickets is evidence of anything' },
  { weakness: 'a token becomes another parameter of the request to the vendor', seenIn: 'express-recaptcha 5.1.0', file: here, test: 'a ticket becomes no other parameter of the request to Tencent' },
  { weakness: 'a token makes the reply unreadable, and so passes', seenIn: 'sample of Dingxiang', file: here, test: 'a ticket that breaks formats makes no failure out of a refusal' },
  { weakness: 'a field or header that is sent twice is taken for one', seenIn: 'express-recaptcha, Node module of a peer', file: here, test: 'a ticket that is sent twice in one request is malformed' },
  { weakness: 'the address is what a header of the caller says', seenIn: 'express-recaptcha, django-recaptcha; better-auth 5616', file: here, test: 'a header of the caller is no address and no second purse' },
  { weakness: 'all IPv4-mapped addresses share one limit', seenIn: 'CVE-2026-30827 (express-rate-limit 8.0 to 8.2)', file: here, test: 'an IPv4-mapped address has the limit of its IPv4 address alone' },
  { weakness: 'one subscriber has 2^64 addresses and as many limits', seenIn: 'express-rate-limit 502', file: here, test: 'the addresses of one IPv6 subscriber share one limit' },
  { weakness: 'a reply without end fills the memory', seenIn: 'the Tencent SDK', file: 'test/tencent/upstream.test.ts', test: 'of 64 KiB is read' },
  { weakness: 'a redirect takes the secret to another host', seenIn: 'the Tencent SDK', file: 'test/tencent/upstream.test.ts', test: 'of status %s is not followed: the secret must not go elsewhere' },
  { weakness: 'the log holds the secret or the token', seenIn: 'nestlab/google-recaptcha, cf-turnstile in debug mode', file: 'test/flow/logs.test.ts', test: 'over a run with everything, no line holds a ticket, a randstr or a secret; messages are constant' },
  { weakness: 'a flood of keys fills the memory', seenIn: 'rate-limiter-flexible: 95 MB for 200 000 keys', file: 'test/store/client-history-capacity.test.ts', test: 'are bounded at about a million, the oldest going first' },
  { weakness: 'a call leaves a timer that holds the process', seenIn: 'Friendly Captcha SDK', file: here, test: 'a call leaves no timer that holds the process' },
  { weakness: 'after one timeout every call is aborted', seenIn: 'opossum 861', file: here, test: 'a timeout aborts no other call' },
  { weakness: 'the package listens to signals and ends the process', seenIn: 'cap 198', file: here, test: 'a guard listens to no signal of the process' },
  { weakness: 'code 1 passes whatever the risk level says', seenIn: 'callers of the Tencent API that read the code alone', file: 'test/tencent/classify-reply.test.ts', test: 'only the number 1 without a malicious EvilLevel is verified' },
  { weakness: 'a store that is away takes the site with it', seenIn: 'rate-limit-redis 72', file: 'test/store/ledger-with-store.test.ts', test: 'keeps to the local limits while the store is down' },
  { weakness: 'a timeout looks like success', seenIn: 'Orchard 4357', file: here, test: 'a timeout is a degraded pass at most, and says so' },
]
