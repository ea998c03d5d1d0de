/** So many clients' calls have to run into their deadlines. */
const keysNeeded = 3

/**
 * Whether callers wait no longer than an answer usually takes: calls of three client keys ran into their deadlines beside a
 * healthy canary, and none was answered with code 1 since. Three addresses are easily had, so it grants nothing: Tencent is
 * asked as before, and whom it verifies as fast as usual is verified, which ends it.
 */
export class ShortWait {
  readonly #keys = new Set<string>()
  #isCanaryHealthy = false

  get isOn(): boolean {
    return this.#isCanaryHealthy && this.#keys.size >= keysNeeded
  }

  noteDeadline(clientKey: string): void {
    if (this.#keys.size < keysNeeded) this.#keys.add(clientKey)
  }

  /** Beside a failing canary the circuit decides; it lets no caller wait at all. */
  noteCanary(report: 'healthy' | 'failed'): void {
    if (report === 'failed') this.end()
    else if (this.#keys.size > 0) this.#isCanaryHealthy = true
  }

  /** Tencent verifies, or is asked elsewhere. */
  end(): void {
    this.#keys.clear()
    this.#isCanaryHealthy = false
  }
}
