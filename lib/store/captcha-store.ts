/** Shares per-client purses, replay memory, history, baseline and override between processes. Made by `redisStore(client)`. */
export interface CaptchaStore {
  /** What the snapshot calls it. */
  readonly kind: string
  /** Called once by the guard. */
  connect(context: StoreContext): StoreSession
}

export interface StoreContext {
  readonly captchaAppId: number
}

// biome-ignore lint/suspicious/noEmptyInterface: filled where the first shared store is written.
export interface StoreSession {}
