import type { IncomingMessage, ServerResponse } from 'node:http'

/** Where the ticket was solved: `'web'` is Web and App (`DescribeCaptchaResult`), `'mini_program'` is WeChat (`DescribeCaptchaMiniResult`). */
export type CaptchaChannel = 'web' | 'mini_program'

/** Which Tencent Cloud site the CAPTCHA belongs to. */
export type CaptchaSite = 'mainland' | 'international'

/** What a token reader found; anything but two strings is refused. */
export interface RawToken {
  readonly ticket?: unknown
  readonly randstr?: unknown
}

/**
 * The request as the options' functions see it: Express's, described by its shape so that this package's types need no
 * `@types/express`.
 */
export type CaptchaRequest = IncomingMessage &
  Express.Request & {
    // biome-ignore lint/suspicious/noExplicitAny: Express types a parsed body, query and params as any as well.
    readonly body?: any
    // biome-ignore lint/suspicious/noExplicitAny: see above
    readonly query: any
    // biome-ignore lint/suspicious/noExplicitAny: see above
    readonly params: any
    // biome-ignore lint/suspicious/noExplicitAny: cookie-parser's own type
    readonly cookies?: any
    readonly ip?: string | undefined
    readonly path: string
    readonly originalUrl: string
    readonly hostname: string
    get(name: string): string | undefined
  }

/** Express's `next`: goes on, or reports an error. */
export type NextFunction = (error?: unknown) => void

/** Structural on purpose: typed as Express's own handler it would spoil the `req.params` inference of later handlers. */
export type CaptchaMiddleware = (req: IncomingMessage, res: ServerResponse, next: NextFunction) => void

/** A logger of pino's shape: object first, message second. */
export interface CaptchaLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Keys in the SDK's own shape, straight from the environment: checked for presence when the guard is made. */
export interface SdkCredential {
  readonly secretId?: string | null | undefined
  readonly secretKey?: string | null | undefined
  /** Belongs to temporary keys. */
  readonly token?: string | null | undefined
}

/** Keys known to be there. */
export interface TencentCredential {
  readonly secretId: string
  readonly secretKey: string
  readonly token?: string | undefined
}

/** What a provider returns: keys, and until when they are valid. */
export interface ProvidedCredential extends SdkCredential {
  /**
   * When Tencent stops accepting the keys, in milliseconds since 1970 (the vendor's `ExpiredTime` is in seconds). With it the
   * provider is asked again in time; without it, and beyond the year 9999, every 20 seconds while there is traffic.
   */
  readonly expiresAtMs?: number | null | undefined
}

/**
 * Keys fetched on demand: `cvmRoleCredential()`, `tkeOidcCredential()`, a provider of the SDK's or one of the application's own.
 * It is called by one caller at a time and never for a single request; the last good keys serve until they expire.
 */
export interface DynamicCredential {
  getCredential(): Promise<ProvidedCredential>
}

/** A Tencent SDK client: anything with the SDK's `request`. */
export interface CaptchaClient {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK types its parameters and results as any.
  request(action: string, params: any, options?: any): Promise<any>
}

/** What the application knows of a request and passes on to Tencent, for its risk engine and statistics. Never logged. */
export interface RiskContext {
  /** `BusinessId`: a non-negative integer. */
  readonly businessId?: number | undefined
  /** `SceneId`: a non-negative integer. */
  readonly sceneId?: number | undefined
  /** `MacAddress` of the device, at most 64 characters. */
  readonly macAddress?: string | undefined
  /** `Imei` of the device, at most 64 characters. */
  readonly imei?: string | undefined
  /** `NeedGetCaptchaTime`, on the web: the reply then holds `getCaptchaTime`. @default false */
  readonly needGetCaptchaTime?: boolean | undefined
}
