import type { ServerResponse } from 'node:http'
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
  SdkCredential,
  TencentCredential,
} from '../types.js'

/**
 * A function whose parameters may also be annotated more narrowly, with Express's own `Request` say: checked as a method's
 * are, because the request that Express hands over is one.
 */
type Callback<Parameters extends unknown[], Result> = { call(...parameters: Parameters): Result }['call']

/** Options of `captchaGuard()`. `undefined` equals absent everywhere. */
export interface CaptchaGuardOptions {
  /** `CaptchaAppId` from the CAPTCHA console: a number, or its digits. */
  captchaAppId: number | string
  /** `AppSecretKey` from the CAPTCHA console. Never logged. */
  appSecretKey: string | undefined
  /** Keys of a Tencent Cloud sub-account, or `{ getCredential() }`. Required unless `client` is given. */
  credential?: SdkCredential | DynamicCredential | undefined
  /**
   * A client of `tencentcloud-sdk-nodejs-captcha` (or of the full SDK) to send with. Excludes `credential`, `endpoint` and
   * `site`. The guard still guarantees the deadline and the shape of the reply; redirects and body size are the client's own.
   */
  client?: CaptchaClient | undefined
  /** `'international'` uses the international host and script. @default 'mainland' */
  site?: CaptchaSite | undefined
  /** URL of the API, e.g. of the simulator: `http://127.0.0.1:3001`. @default from `site` */
  endpoint?: string | undefined
  /** Where tickets are solved. `'mini_program'` exists on the mainland only. @default 'web' */
  channel?: CaptchaChannel | Callback<[req: CaptchaRequest], CaptchaChannel> | undefined
  /** Reads ticket and randstr. @default `body.ticket`/`body.randstr`, then `x-captcha-ticket`/`x-captcha-randstr` */
  readToken?: Callback<[req: CaptchaRequest], RawToken> | undefined
  /** The user's public address, sent to Tencent; an IPv4-mapped one is unmapped. @default `req.ip` */
  userIp?: Callback<[req: CaptchaRequest], string | undefined> | undefined
  /** Whom limits and history belong to, e.g. a device id from the session. @default `userIp`, IPv6 by its /56 */
  clientKey?: Callback<[req: CaptchaRequest], string | number | undefined> | undefined
  /** One deadline in milliseconds over credentials, connect, headers and body. Integer, 1 to 2147483647. @default 2000 */
  timeoutMs?: number | undefined
  /** Verifications under way at once; one client key has at most a sixteenth. Integer, at least 1. @default 2048 */
  maxInFlight?: number | undefined
  /** `'observe'` attaches `req.captcha` and never refuses. @default 'enforce' */
  mode?: 'enforce' | 'observe' | undefined
  /** A skipped request gets no `req.captcha`. `OPTIONS` is always skipped. A throw or rejection goes to `next(error)`. */
  skip?: Callback<[req: CaptchaRequest], boolean | Promise<boolean>> | undefined
  /** Answers a refused request instead of the problem+json answer. */
  onRefused?: RefusalHandler | undefined
  /** Degradation: rules, purses, circuit, fallback tickets. */
  degradation?: DegradationOptions | undefined
  /** Shares limits, replay memory, history and overrides between processes. @default in memory, per process */
  store?: CaptchaStore | undefined
  /** pino, or anything shaped like it; `false` for none. @default `req.log`, else a pino logger named `captcha-guard` */
  logger?: CaptchaLogger | false | undefined
  /** How the user's address is logged: whole, by /24 and /48, or not at all. @default 'masked' */
  logUserIp?: 'full' | 'masked' | false | undefined
  /** Told every verdict; without a request for `guard.check()`. A throw or rejection changes nothing. */
  onVerdict?: Callback<[verdict: CaptchaVerdict, req: CaptchaRequest], void> | undefined
  /** Told what Tencent says later of a ticket that passed degraded. A throw changes nothing. */
  onLateVerdict?: ((late: LateVerification) => void) | undefined
}

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

/** What became of an ordinary ticket that had passed degraded, once Tencent was back. */
export interface LateVerification {
  /** The verdict the request went on with. */
  readonly verdict: CaptchaVerdict
  readonly lateVerdict: LateVerdict
  readonly clientKey: string
  /** When the request passed, milliseconds since 1970. */
  readonly at: number
}

export interface DegradationOptions {
  /** What each cause does: `'pass'`, `'refuse'` or a function. @default all 'pass', `misconfigured` 'refuse' */
  rules?: { readonly [cause in DegradationCause]?: DegradationRule | undefined } | undefined
  /** The operator's own estimate of verified passes a minute, of one whole site. Stands in until a baseline is learned. */
  expectedPerMinute?: number | undefined
  /** The purse for times with evidence of an outage. */
  outage?: PurseOptions | undefined
  /** The purse for a missing verdict without such evidence. */
  doubt?: PurseOptions | undefined
  circuit?: CircuitOptions | undefined
  fallback?: FallbackOptions | undefined
  /** Verify tickets that passed degraded once Tencent is back. @default true */
  lateVerification?: boolean | undefined
}

export type DegradationRule = RuleAction | ((situation: DegradationSituation) => RuleAction)

/** What a rule function may look at. */
export interface DegradationSituation {
  readonly cause: DegradationCause
  /** Whether the server itself has seen evidence of an outage. Nothing a caller sends changes it. */
  readonly evidence: 'outage' | 'none'
  readonly ticketKind: 'ordinary' | 'fallback' | 'missing'
  readonly clientErrorCode?: number
  readonly clientKey: string
  /** Express's request. `guard.check()` has none: it is `undefined` there. */
  readonly request: CaptchaRequest
}

export interface PurseOptions {
  /** Sliding: never more than `limit` in any `windowMs`. `limit: 0` closes the purse. @default outage 20 in 60 000 ms, doubt 3 in 600 000 ms */
  perClient?: { limit?: number | undefined; windowMs?: number | undefined } | undefined
  /**
   * Tokens a minute over all clients: the larger of `floorPerMinute` and `baselineFactor` × baseline, and
   * `startPerMinute` before a baseline exists. @default outage 120, 3, 600; doubt 10, 0.05, 10
   */
  total?:
    | {
        floorPerMinute?: number | undefined
        baselineFactor?: number | undefined
        startPerMinute?: number | undefined
      }
    | undefined
}

export interface CircuitOptions {
  /** Failures in a row that hold the circuit's threshold. Integer, at least 1. @default 5 */
  consecutiveFailures?: number | undefined
  /** Share of failures in `windowMs` that holds the threshold. Above 0, at most 1. @default 0.5 */
  failureRate?: number | undefined
  /** Calls in `windowMs` before `failureRate` counts. Integer, at least 1. @default 20 */
  minimumCalls?: number | undefined
  /** Milliseconds that `failureRate` looks back. Integer, at least 10. @default 10000 */
  windowMs?: number | undefined
  /** Milliseconds from one canary's start to the next one's. Integer, at least 1. @default 1000 */
  canaryIntervalMs?: number | undefined
  /** Longest interval that the back-off reaches, in milliseconds. Integer, at least `canaryIntervalMs`. @default 8000 */
  canaryMaxIntervalMs?: number | undefined
}

export interface FallbackOptions {
  /** Oldest accepted time stamp of a fallback ticket, in milliseconds. Integer, at least 1. @default 300000 */
  maxAgeMs?: number | undefined
  /** The vendor script whose reachability is probed. @default from `site` */
  scriptUrl?: string | undefined
  /** Whether to probe it. @default true */
  probe?: boolean | undefined
}

/** Every option decided; what the request path runs on. */
export interface GuardConfig {
  readonly captchaAppId: number
  readonly appSecretKey: string
  readonly transport:
    | { readonly kind: 'https'; readonly endpoint: URL; readonly credential: TencentCredential | DynamicCredential }
    | { readonly kind: 'client'; readonly client: CaptchaClient }
  readonly site: CaptchaSite
  readonly channel: (req: CaptchaRequest) => CaptchaChannel
  readonly canaryChannel: CaptchaChannel
  readonly readToken: (req: CaptchaRequest) => RawToken
  readonly userIp: (req: CaptchaRequest) => string | undefined
  readonly clientKey: ((req: CaptchaRequest) => string | number | undefined) | undefined
  readonly timeoutMs: number
  readonly maxInFlight: number
  readonly mode: 'enforce' | 'observe'
  readonly skip: ((req: CaptchaRequest) => boolean | Promise<boolean>) | undefined
  readonly onRefused:
    | ((
        req: CaptchaRequest,
        res: ServerResponse,
        next: NextFunction,
        verdict: Extract<CaptchaVerdict, { passed: false }>,
      ) => void)
    | undefined
  readonly degradation: DegradationConfig
  readonly store: CaptchaStore | undefined
  readonly logger: CaptchaLogger | false | undefined
  readonly logUserIp: 'full' | 'masked' | false
  readonly onVerdict: ((verdict: CaptchaVerdict, req: CaptchaRequest) => void) | undefined
  readonly onLateVerdict: ((late: LateVerification) => void) | undefined
}

export interface DegradationConfig {
  /** Those that the operator gave. */
  readonly rules: { readonly [cause in DegradationCause]?: DegradationRule | undefined }
  readonly expectedPerMinute: number | undefined
  readonly outage: PurseConfig
  readonly doubt: PurseConfig
  readonly circuit: CircuitConfig
  readonly fallback: { readonly maxAgeMs: number; readonly scriptUrl: string; readonly probe: boolean }
  readonly lateVerification: boolean
}

export interface PurseConfig {
  readonly perClient: { readonly limit: number; readonly windowMs: number }
  readonly total: { readonly floorPerMinute: number; readonly baselineFactor: number; readonly startPerMinute: number }
}

export type CircuitConfig = { readonly [name in keyof Required<CircuitOptions>]: number }
