import type { AttackId, AttackReport, PurseName } from './wire.js'

const percent = (part: number, whole: number) => `${Math.round((100 * part) / Math.max(1, whole))} %`

interface AttackText {
  readonly title: string
  readonly what: string
  /** What holds it. */
  readonly why: string
}

/** Everything that the attacks say on the page, in one place for each language. */
export const attackTexts = {
  en: {
    title: 'An attacker’s day',
    lead: 'Each attack runs for a few seconds against a site of its own: this guard with its defaults, a simulated Tencent, and ten honest users a second beside the attacker. Your switches do not change it, and it does not change your shop.',
    elsewhere:
      'What needs a process of its own is left to npm run test:attacks: slow name lookups, used-up ports and descriptors (EMFILE), a busy thread pool, a minute of each attack, and what a fallback ticket is worth after its five minutes.',
    run: 'Run',
    runAll: 'Run them all',
    running: 'Attacking…',
    failed: 'That did not work.',
    figures: {
      tries: 'Tries',
      asked: 'Asked at Tencent',
      passed: 'Let in',
      honest: 'Honest users verified',
    },
    held: 'Nothing gained',
    bounded: 'Bounded',
    purses: { outage: 'the outage purse', doubt: 'the doubt purse' } satisfies Record<PurseName, string>,
    attacks: {
      junk_hangs_up: {
        title: 'Junk that hangs up',
        what: 'One address, 450 junk tickets at 150 a second, gone after 30 ms. Tencent takes 60 ms, so no refusal ever reaches the attacker.',
        why: 'A call that runs on without its caller is charged like a refusal.',
      },
      junk_one_address: {
        title: 'Junk of one address',
        what: '200 junk tickets, 100 a second.',
        why: 'After ten refusals in a minute Tencent is not asked about this address.',
      },
      junk_after_solve: {
        title: 'Junk after one solved CAPTCHA',
        what: 'The address solves one challenge, and then sends 600 junk tickets that hang up.',
        why: 'A solve buys sixty calls a minute under pressure, not any number.',
      },
      stumbling_ticket: {
        title: 'A ticket that makes Tencent stumble',
        what: '100 tickets from 100 addresses, each of which Tencent answers with InternalError.',
        why: 'Failed calls only send a canary, which is healthy; so the circuit stays closed, and lone failures pay from the small purse.',
      },
      forged_fallback: {
        title: 'Forged fallback tickets',
        what: '200 made-up trerror_ tickets from 200 addresses. They look exactly like honest ones.',
        why: 'Their number is never evidence. Half of the doubt purse is all that they can have.',
      },
      replay: {
        title: 'Replay',
        what: 'One solved ticket, then one forged fallback ticket, each from 50 addresses.',
        why: 'What has passed is remembered, and refused without a call.',
      },
      stamped_ahead: {
        title: 'Fallback tickets stamped ahead',
        what: 'A ticket stamped 3 s ahead is sent until its time is over (the site takes them for 1 s), then 25 that are stamped two minutes ahead.',
        why: 'A ticket is remembered until the last moment at which it is valid, and one from too far ahead is none.',
      },
      two_guards: {
        title: 'Two guards on one site',
        what: 'Tencent is down. One address sends 30 tickets to the login and the same ones to the sign-up, which have guards of their own.',
        why: 'Guards of one process share purses and memory: one client has its 20 a minute at all doors together.',
      },
      hanging_credentials: {
        title: 'A credential provider that hangs',
        what: 'No keys have ever come. The attacker notices and sends 60 junk tickets from 60 addresses.',
        why: 'Missing keys are the operator’s matter and no evidence against Tencent. Without any keys no user can be verified either; keys that came once serve until they expire.',
      },
    } satisfies Record<AttackId, AttackText>,
    /** Plain sentences on what came of it. */
    outcome({ tries, asked, passed, verified, drawn, hasEvidence, hasOpened, isCircuitOpen, honest }: AttackReport) {
      const purses = (['outage', 'doubt'] as const).filter((purse) => drawn[purse] > 0)
      const from = purses.map((purse) => `${drawn[purse]} from ${this.purses[purse]}`)
      if (verified > 0) from.push(`${verified} with a solved CAPTCHA`)
      const gained =
        passed === 0 ? `None of ${tries} tries got in.` : `${passed} of ${tries} tries got in: ${from.join(', ')}.`
      const times = asked === 1 ? 'once' : `${asked} times`
      const calls = asked === 0 ? 'Tencent was not asked.' : `Tencent was asked ${times}.`
      const circuit = hasOpened
        ? 'The attack opened the circuit.'
        : isCircuitOpen
          ? 'The circuit was open before, for Tencent is down.'
          : 'The circuit stayed closed.'
      const evidence =
        hasEvidence && !hasOpened
          ? 'The evidence is the canary’s.'
          : hasEvidence
            ? 'There is evidence of an outage.'
            : 'There is no evidence of an outage.'
      const { visits } = honest
      const users =
        honest.verified === visits
          ? `All ${visits} honest users were verified.`
          : `${honest.verified} of ${visits} honest users were verified, ${honest.passed - honest.verified} were let in unverified.`
      return [gained, calls, `${circuit} ${evidence}`, users]
    },
    percent,
  },
} as const
