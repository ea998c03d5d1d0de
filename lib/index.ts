import './augment-express.js'

export type {
  CaptchaReason,
  DegradationCause,
  DegradedRefusal,
  InputRefusal,
  RefusalReason,
} from './admission/cause-table.js'
export type { TencentFacts } from './admission/outcome.js'
export type { OverrideMode, PurseName, RuleAction } from './admission/question.js'
export type {
  CaptchaVerdict,
  DegradedPassVerdict,
  DegradedRefusedVerdict,
  RefusedVerdict,
  VerifiedVerdict,
} from './admission/verdict.js'
export {
  type CaptchaAssets,
  type CaptchaAssetsOptions,
  type CaptchaPage,
  captchaAssets,
  type EncryptCaptchaAppIdOptions,
  encryptCaptchaAppId,
} from './browser-assets/index.js'
export { captchaGuard } from './captcha-guard.js'
export { cvmRoleCredential } from './cvm-role-credential.js'
export { type BackToFormOptions, backToForm } from './guard/back-to-form.js'
export type { CaptchaGuard, CheckInput, GuardSnapshot, PurseState } from './guard/guard-types.js'
export { type Problem, refusalProblem } from './guard/problem.js'
export { CaptchaConfigError } from './options/captcha-config-error.js'
export type { CvmRoleCredentialOptions, TkeOidcCredentialOptions } from './options/credential-options.js'
export type {
  CaptchaGuardOptions,
  CircuitOptions,
  DegradationOptions,
  DegradationRule,
  DegradationRules,
  DegradationSituation,
  FallbackOptions,
  LateVerification,
  PurseOptions,
  RefusalHandler,
} from './options/options.js'
export type { OverrideOptions } from './options/override-options.js'
export { fromBody, fromHeaders, fromQuery, type TokenReader } from './read-token.js'
export {
  type CallKind,
  type CallMessage,
  captchaChannels,
  type GuardMessage,
  type LateVerdictMessage,
  type OverrideMessage,
  type SiteMessage,
  type StateChange,
  type StateMessage,
  type VerdictMessage,
  type VerifyMessage,
  verdictChannelName,
} from './report/channels.js'
export type { ReasonCounters } from './report/counters.js'
export { type RequireCaptchaOptions, requireCaptcha } from './require-captcha.js'
export type { CircuitSnapshot } from './site/circuit.js'
export type { LateSnapshot, LateVerdict } from './site/late-verification.js'
export type { WatchSnapshot, WatchState } from './site/outage-watch.js'
export type { OverrideChange, OverrideSnapshot } from './site/override-switch.js'
export type { PurseSnapshot } from './site/purse.js'
export type { PurseBasis } from './site/site.js'
export type {
  CaptchaStore,
  StoreClaim,
  StoreClaimResult,
  StoreContext,
  StoreHistory,
  StoreLearned,
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
export type { CredentialSnapshot } from './tencent/credentials/credential-keeper.js'
export { type CaptchaCspOptions, type CaptchaCspSources, captchaCspSources } from './tencent/csp-sources.js'
export type { EndpointSnapshot } from './tencent/endpoint.js'
export { tkeOidcCredential } from './tke-oidc-credential.js'
export type {
  CaptchaChannel,
  CaptchaClient,
  CaptchaLogger,
  CaptchaMiddleware,
  CaptchaRequest,
  CaptchaSite,
  DynamicCredential,
  NextFunction,
  ProvidedCredential,
  RawToken,
  RiskContext,
  SdkCredential,
} from './types.js'
