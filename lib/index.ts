import './augment-express.js'

export {
  type CaptchaAssets,
  type CaptchaAssetsOptions,
  type CaptchaPage,
  captchaAssets,
  type EncryptCaptchaAppIdOptions,
  encryptCaptchaAppId,
} from './browser-assets/index.js'
export { captchaGuard } from './captcha-guard.js'
export type { CaptchaGuard, GuardSnapshot, LateSnapshot } from './guard-types.js'
export { CaptchaConfigError } from './options/captcha-config-error.js'
export type {
  CaptchaGuardOptions,
  CircuitOptions,
  DegradationOptions,
  DegradationRule,
  DegradationSituation,
  FallbackOptions,
  LateVerdict,
  LateVerification,
  PurseOptions,
  RefusalHandler,
  RuleAction,
} from './options/options.js'
export { fromBody, fromHeaders, fromQuery, type TokenReader } from './read-token.js'
export { verdictChannelName } from './report/reporter.js'
export { type RequireCaptchaOptions, requireCaptcha } from './require-captcha.js'
export type { OverrideOptions, OverrideSnapshot } from './site/override-switch.js'
export type {
  CaptchaStore,
  StoreClaim,
  StoreClaimResult,
  StoreContext,
  StoreHistory,
  StoreLifetimes,
  StoreOverride,
  StorePurse,
  StoreSession,
  StoreState,
  StoreVerified,
} from './store/captcha-store.js'
export { clientLimit } from './store/client-limit.js'
export { type MemoryStoreOptions, memoryStore } from './store/memory-store.js'
export type { HealthReport } from './tencent/canary.js'
export type {
  CaptchaChannel,
  CaptchaClient,
  CaptchaLogger,
  CaptchaMiddleware,
  CaptchaReason,
  CaptchaRequest,
  CaptchaSite,
  CaptchaVerdict,
  DegradationCause,
  DegradedPassVerdict,
  DegradedRefusal,
  DegradedRefusedVerdict,
  DynamicCredential,
  InputRefusal,
  NextFunction,
  RawToken,
  RefusalReason,
  RefusedVerdict,
  SdkCredential,
  TencentFacts,
  VerifiedVerdict,
} from './types.js'
