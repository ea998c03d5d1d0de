import type { DegradationCause } from '../admission/cause-table.js'
import type { RuleAction } from '../admission/question.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { LateVerdict } from '../site/late-verification.js'
import type { CaptchaStore } from '../store/captcha-store.js'
import type {
  CaptchaChannel,
  CaptchaClient,
  CaptchaLogger,
  CaptchaRequest,
  CaptchaSite,
  DynamicCredential,
  NextFunction,
  RawToken,
  RiskContext,
  SdkCredential,
} from '../types.js'

/**
 * A function whose parameters may be annotated with a narrower type, for example Express's own `Request`: the compiler
 * compares the parameters of `call` in both directions, as it does for every method.
 */
type Callback<Parameters extends unknown[], Result> = { call(...parameters: Parameters): Result }['call']

/**
 * Options of `captchaGuard()`. `undefined` equals absent everywhere. Every function returns its value directly; only `skip`
 * may return a promise. Of the guards of one process with the same `captchaAppId` and the same preferred `endpoint` or `client`, each
 * option marked "Site option" is given by one guard or is equal in all of them.
 */
export interface CaptchaGuardOptions {
  /** `CaptchaAppId` from the CAPTCHA console: a number, or its digits. @example captchaAppId: 190000001 */
  captchaAppId: number | string
  /** `AppSecretKey` from the CAPTCHA console. Never logged. Site option. @example appSecretKey: process.env.APP_SECRET_KEY */
  appSecretKey: string | undefined
  /**
   * Keys of a Tencent Cloud sub-account, or a provider of keys: `cvmRoleCredential()`, `tkeOidcCredential()` or any
   * `{ getCredential() }`. Required unless `client` is given. Site option.
   * @example credential: { secretId: process.env.SECRET_ID, secretKey: process.env.SECRET_KEY }
   */
  credential?: SdkCredential | DynamicCredential | undefined
  /**
   * A client of `tencentcloud-sdk-nodejs-captcha` (or of the full SDK) to send with. Excludes `credential`, `endpoint` and
   * `site`. The guard still guarantees the deadline and the shape of the reply; redirects and body size are the client's own.
   * Site option. @example client: new captcha.v20190722.Client({ credential })
   */
  client?: CaptchaClient | undefined
  /**
   * Site of Tencent Cloud: decides the host of the API and the URL of the script. Site option.
   * @default 'mainland' @example site: 'international'
   */
  site?: CaptchaSite | undefined
  /**
   * Whole URL of the API, for example of the simulator; without user name, password, query and hash. Or a list of them, most
   * preferred first, at least one and each once: while the canary finds the one in use failed and another one healthy, calls go
   * there. Guards with the same preferred endpoint are one site. Site option.
   * @default from `site`: on the mainland site the vendor's three domains, `captcha.tencentcloudapi.com` first
   * @example endpoint: 'http://127.0.0.1:3001'
   */
  endpoint?: string | readonly string[] | undefined
  /**
   * Where tickets are solved. `'mini_program'` exists on the mainland site only.
   * @default 'web' @example channel: (req) => (req.path.startsWith('/mini') ? 'mini_program' : 'web')
   */
  channel?: CaptchaChannel | Callback<[req: CaptchaRequest], CaptchaChannel> | undefined
  /**
   * Reads ticket and randstr.
   * @default `body.ticket` and `body.randstr`, then the headers `x-captcha-ticket` and `x-captcha-randstr`
   * @example readToken: fromBody('captcha_ticket', 'captcha_randstr')
   */
  readToken?: Callback<[req: CaptchaRequest], RawToken> | undefined
  /**
   * Returns the user's public address, which is sent to Tencent; an IPv4-mapped one is unmapped.
   * @default `req.ip` @example userIp: (req) => req.get('x-real-ip')
   */
  userIp?: Callback<[req: CaptchaRequest], string | undefined> | undefined
  /**
   * Returns the key that limits and history belong to, for example a device id of the session; a number counts as its digits.
   * @default from `userIp`: an IPv4 address whole, an IPv6 address by its /56 @example clientKey: (req) => req.cookies?.deviceId
   */
  clientKey?: Callback<[req: CaptchaRequest], string | number | undefined> | undefined
  /**
   * Returns an identity that the application itself vouches for, for example the user of a session that is older than a day.
   * It counts as a client with history: it comes first where room is scarce, and draws on the reserve of the purses, with 5
   * passes a minute of its own in an outage and 3 in 10 minutes from doubt, within 100 a minute of all such identities at its
   * address. It enlarges no total. `undefined`, `null` and `''` are no identity; longer ones than 120 characters are hashed.
   * Never return what a caller can make up. Never logged.
   * @example knownAs: (req) => (isOlderThanADay(req.session) ? req.session.userId : undefined)
   */
  knownAs?: Callback<[req: CaptchaRequest], string | null | undefined> | undefined
  /**
   * One deadline in milliseconds for credentials, connect, headers and body. Integer, 1 to 2147483647.
   * @default 2000 @example timeoutMs: 1500
   */
  timeoutMs?: number | undefined
  /**
   * Verifications under way at once; one client key has at most a sixteenth of them, and clients without history together have
   * half. Integer, at least 1. Site option.
   * @default 2048 @example maxInFlight: 512
   */
  maxInFlight?: number | undefined
  /** `'observe'` attaches `req.captcha` and never refuses. @default 'enforce' @example mode: 'observe' */
  mode?: 'enforce' | 'observe' | undefined
  /**
   * Returns, or resolves to, whether the guard ignores the request; an ignored one gets no `req.captcha`. A CORS preflight is
   * always ignored. What it throws or rejects with goes to `next(error)`. @example skip: (req) => req.path === '/health'
   */
  skip?: Callback<[req: CaptchaRequest], boolean | Promise<boolean>> | undefined
  /**
   * Returns what the application knows and Tencent's risk engine may use; checked, and never logged. A wrong value is a `TypeError`
   * for `next(error)`: check what callers send before it is returned.
   * @example riskContext: (req) => ({ sceneId: 3, needGetCaptchaTime: true })
   */
  riskContext?: Callback<[req: CaptchaRequest], RiskContext | undefined> | undefined
  /**
   * Answers a refused request instead of the problem+json answer.
   * @example onRefused: (req, res, next, verdict) => res.status(403).json({ reason: verdict.reason })
   */
  onRefused?: RefusalHandler | undefined
  /** What happens while Tencent's verdict is missing: rules, purses, circuit, fallback tickets. */
  degradation?: DegradationOptions | undefined
  /**
   * Shares limits, replay memory, history and overrides between processes. Site option.
   * @default in memory, per process @example store: redisStore(redis)
   */
  store?: CaptchaStore | undefined
  /**
   * pino, or a logger of its shape; `false` writes no line.
   * @default `req.log`, else a pino logger named `captcha-guard` @example logger: false
   */
  logger?: CaptchaLogger | false | undefined
  /** How the user's address is logged: whole, as its /24 or /48, or not at all. @default 'masked' @example logUserIp: false */
  logUserIp?: 'full' | 'masked' | false | undefined
  /**
   * Receives every verdict. For a verdict of `guard.check()` there is no request: `req` is `undefined` there, in spite of its
   * type. A throw or a rejection changes nothing. @example onVerdict: (verdict, req) => console.log(verdict.reason, req.path)
   */
  onVerdict?: Callback<[verdict: CaptchaVerdict, req: CaptchaRequest], void> | undefined
  /**
   * Receives what Tencent says later of a ticket that passed degraded. A throw or a rejection changes nothing.
   * @example onLateVerdict: ({ lateVerdict, clientKey }) => console.log(clientKey, lateVerdict.outcome)
   */
  onLateVerdict?: ((late: LateVerification) => void) | undefined
}

/** Answers a refused request: writes the response, or calls `next`. What it throws or rejects with goes to `next(error)`. */
export type RefusalHandler = Callback<
  [
    req: CaptchaRequest,
    // biome-ignore lint/suspicious/noExplicitAny: Express's own Response fits without this package needing its types.
    res: any,
    next: NextFunction,
    verdict: Extract<CaptchaVerdict, { passed: false }>,
  ],
  void
>

/** What Tencent said of an ordinary ticket after it had passed degraded. */
export interface LateVerification {
  /** The verdict that the request passed with. */
  readonly verdict: CaptchaVerdict
  /** What Tencent said when it was back. */
  readonly lateVerdict: LateVerdict
  /** The client key of the request. */
  readonly clientKey: string
  /** When the request passed, milliseconds since 1970. */
  readonly at: number
}

/** What happens while Tencent's verdict is missing. */
export interface DegradationOptions {
  /** What each cause does. @example rules: { throttled: 'refuse', timeout: ({ evidence }) => (evidence === 'outage' ? 'pass' : 'refuse') } */
  rules?: DegradationRules | undefined
  /**
   * Estimate of the verified passes a minute of the whole site; stands in until a baseline is learned. Purse totals follow the
   * baseline up to four times this or the seven-day reference, whichever is larger. Number above 0.
   * Site option. @example expectedPerMinute: 100
   */
  expectedPerMinute?: number | undefined
  /**
   * The purse that pays while the server has evidence of an outage.
   * @default { perClient: { limit: 20, windowMs: 60000 }, total: { floorPerMinute: 120, baselineFactor: 3, startPerMinute: 600 } }
   */
  outage?: PurseOptions | undefined
  /**
   * The purse that pays for a missing verdict without such evidence.
   * @default { perClient: { limit: 3, windowMs: 600000 }, total: { floorPerMinute: 10, baselineFactor: 0.05, startPerMinute: 10 } }
   */
  doubt?: PurseOptions | undefined
  /** When calls to Tencent stop and when they start again. Site option, each member by itself. */
  circuit?: CircuitOptions | undefined
  /** Fallback tickets, which the vendor's script makes up when it cannot reach Tencent. */
  fallback?: FallbackOptions | undefined
  /** Verify tickets that passed degraded once Tencent is back. Site option. @default true @example lateVerification: false */
  lateVerification?: boolean | undefined
}

/** An action, or a function that returns one. `'pass'` still needs a token from a purse. */
export type DegradationRule = RuleAction | Callback<[situation: DegradationSituation], RuleAction>

/** One rule for each cause of a missing verdict. */
export interface DegradationRules {
  /** No whole reply came within `timeoutMs`. @default 'pass' */
  timeout?: DegradationRule | undefined
  /** The name lookup, the connection or TLS failed, or the connection was reset. @default 'pass' */
  unreachable?: DegradationRule | undefined
  /** The HTTP status was not 200. @default 'pass' */
  http_error?: DegradationRule | undefined
  /** The reply was not JSON, had no `Response` or no numeric `CaptchaCode`, or was over 64 KiB. @default 'pass' */
  bad_response?: DegradationRule | undefined
  /** `InternalError`, `InternalServerError`, `ServiceUnavailable` or `ResourceUnavailable` of API 3.0. @default 'pass' */
  internal_error?: DegradationRule | undefined
  /** `CaptchaCode` 26. @default 'pass' */
  system_busy?: DegradationRule | undefined
  /** The circuit is open: Tencent was not asked. @default 'pass' */
  circuit_open?: DegradationRule | undefined
  /** `maxInFlight`, or the client key's share of it, was reached: Tencent was not asked. @default 'pass' */
  overloaded?: DegradationRule | undefined
  /** `RequestLimitExceeded` or `LimitExceeded` of API 3.0, or the guard's own limit on calls while Tencent throttles. @default 'pass' */
  throttled?: DegradationRule | undefined
  /** The provider of the credential worked before and gives no valid keys now: Tencent was not asked. @default 'pass' */
  credential_unavailable?: DegradationRule | undefined
  /** The page sent a fallback ticket: a claim of the caller that the vendor's script could not reach Tencent. @default 'pass' */
  client_fallback?: DegradationRule | undefined
  /** An error that only the operator can cause, for example `AuthFailure` or `UnauthorizedOperation`. @default 'refuse' */
  misconfigured?: DegradationRule | undefined
  /** `guard.override('pass')` is in force: Tencent was not asked. @default 'pass' */
  override?: DegradationRule | undefined
}

/** What the function of a rule decides by. */
export interface DegradationSituation {
  /** Why the verdict is missing. */
  readonly cause: DegradationCause
  /** Whether the server itself has evidence of an outage. Nothing that a caller sends changes it. */
  readonly evidence: 'outage' | 'none'
  /** Form of the ticket. */
  readonly ticketKind: 'ordinary' | 'fallback' | 'missing'
  /** Error code inside a fallback ticket: a claim of the caller. */
  readonly clientErrorCode?: number
  /** The client key of the request. */
  readonly clientKey: string
  /** The request. A decision of `guard.check()` has none: it is `undefined` there, in spite of its type. */
  readonly request: CaptchaRequest
}

/** Size of one purse. A degraded pass needs a token per client and one of the total. */
export interface PurseOptions {
  /** Limit of each client key. @example perClient: { limit: 5, windowMs: 60000 } */
  perClient?:
    | {
        /** Passes in any `windowMs`; 0 closes the purse. Integer, 0 to 1000000. */
        limit?: number | undefined
        /** Length of the sliding window in milliseconds. Integer, 1 to 2147483647. */
        windowMs?: number | undefined
      }
    | undefined
  /** Tokens over all client keys. @example total: { floorPerMinute: 30 } */
  total?:
    | {
        /** Fewest tokens a minute once a baseline exists. Number, 0 or more. */
        floorPerMinute?: number | undefined
        /** Tokens a minute as a multiple of the baseline, where that is above the floor. Number, 0 or more. */
        baselineFactor?: number | undefined
        /** Tokens a minute before a baseline exists. Number, 0 or more. */
        startPerMinute?: number | undefined
      }
    | undefined
}

/** When calls to Tencent stop and when they start again. */
export interface CircuitOptions {
  /** Failures in a row that reach the threshold. Integer, at least 1. @default 5 @example consecutiveFailures: 10 */
  consecutiveFailures?: number | undefined
  /** Share of failures in `windowMs` that reaches the threshold. Number above 0, at most 1. @default 0.5 @example failureRate: 0.3 */
  failureRate?: number | undefined
  /** Calls in `windowMs` before `failureRate` counts. Integer, at least 1. @default 20 @example minimumCalls: 50 */
  minimumCalls?: number | undefined
  /** Window of `failureRate` in milliseconds. Integer, 10 to 2147483647. @default 10000 @example windowMs: 30000 */
  windowMs?: number | undefined
  /**
   * Milliseconds from the start of one canary to the start of the next. Integer, 1 to 2147483647.
   * @default 1000 @example canaryIntervalMs: 500
   */
  canaryIntervalMs?: number | undefined
  /**
   * Longest interval of the canary's back-off in milliseconds; at least `canaryIntervalMs`, which is also its default where
   * that is longer. Integer, 1 to 2147483647. @default 8000 @example canaryMaxIntervalMs: 30000
   */
  canaryMaxIntervalMs?: number | undefined
}

/** Fallback tickets, and the probe that tells whether users can fetch the vendor's script. */
export interface FallbackOptions {
  /**
   * Oldest accepted time stamp of a fallback ticket in milliseconds. Integer, 1 to 2147483647.
   * @default 300000 @example maxAgeMs: 120000
   */
  maxAgeMs?: number | undefined
  /** Whole URL of the vendor's script, which is probed. Site option. @default from `site` @example scriptUrl: 'http://127.0.0.1:3002/TJCaptcha.js' */
  scriptUrl?: string | undefined
  /** Whether the script is probed. Site option. @default true @example probe: false */
  probe?: boolean | undefined
}
