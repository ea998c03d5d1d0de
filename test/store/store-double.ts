import type {
  StoreClaimResult,
  StoreHistory,
  StoreOverride,
  StoreSession,
  StoreState,
} from '../../lib/store/captcha-store.js'

export type Behaviour = 'answers' | 'hangs' | 'rejects' | 'throws'

/** A session whose calls the test answers, rejects or leaves unanswered. */
export class StoreDouble implements StoreSession {
  readonly calls: Array<{ readonly name: keyof StoreSession; readonly argument: unknown }> = []
  claimResult: StoreClaimResult = { kind: 'granted', history: undefined }
  history: StoreHistory | undefined
  /** What other processes have published. */
  statuses: readonly string[] = []
  /** The store's clock. */
  nowMs = () => 0
  state: Omit<StoreState, 'nowMs'> = {
    processes: 1,
    baselinePerMinute: undefined,
    referencePerMinute: undefined,
    override: undefined,
  }
  /** What it answers to an override; the given one where it is absent. */
  standing: StoreOverride | undefined
  readonly #behaviour = new Map<keyof StoreSession | 'all', Behaviour>([['all', 'answers']])
  #hanging: Array<{ readonly answer: () => void; readonly reject: (error: Error) => void }> = []

  /** Sets the behaviour of later calls; calls that hang stay hanging. */
  set(behaviour: Behaviour, operation: keyof StoreSession | 'all' = 'all'): void {
    this.#behaviour.set(operation, behaviour)
  }

  /** Answers all calls that hang, as a client does whose connection is back. */
  answerHanging(): void {
    for (const { answer } of this.#hanging.splice(0)) answer()
  }

  rejectHanging(): void {
    for (const { reject } of this.#hanging.splice(0)) reject(new Error('connection lost'))
  }

  count(name: keyof StoreSession): number {
    return this.calls.filter((call) => call.name === name).length
  }

  claim: StoreSession['claim'] = (claim) => this.#act('claim', claim, () => this.claimResult)
  release: StoreSession['release'] = (claim) => this.#act('release', claim, () => undefined)
  recordVerified: StoreSession['recordVerified'] = (verified) =>
    this.#act('recordVerified', verified, () => ({ isFirst: true }))
  recordHistory: StoreSession['recordHistory'] = (clientKey) => this.#act('recordHistory', clientKey, () => undefined)
  readHistory: StoreSession['readHistory'] = (clientKey) => this.#act('readHistory', clientKey, () => this.history)
  heartbeat: StoreSession['heartbeat'] = (own) =>
    this.#act('heartbeat', own, () => ({ nowMs: this.nowMs(), ...this.state }))
  setOverride: StoreSession['setOverride'] = (override) =>
    this.#act('setOverride', override, () => this.standing ?? override)

  publishStatus: StoreSession['publishStatus'] = (status) => this.#act('publishStatus', status, () => undefined)
  readStatuses: StoreSession['readStatuses'] = () => this.#act('readStatuses', undefined, () => this.statuses)

  #act<T>(name: keyof StoreSession, argument: unknown, value: () => T): Promise<T> {
    this.calls.push({ name, argument })
    switch (this.#behaviour.get(name) ?? this.#behaviour.get('all')) {
      case 'throws':
        throw new Error('not connected')
      case 'rejects':
        return Promise.reject(new Error('READONLY'))
      case 'hangs':
        return new Promise((resolve, reject) => {
          this.#hanging.push({ answer: () => resolve(value()), reject })
        })
      default:
        return Promise.resolve(value())
    }
  }
}
