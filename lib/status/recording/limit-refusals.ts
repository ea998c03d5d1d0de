import type { PurseName } from '../../admission/question.js'

/** A client that a limit refused, as the log names it. */
export interface LimitedClient {
  /** Address as the option `logUserIp` says; absent where it is not logged. */
  readonly userIp?: string
  readonly purse: PurseName
  /** The limit of this client, or the purse's total. */
  readonly by: 'client' | 'total'
  readonly refusals: number
  /** Milliseconds since 1970. */
  readonly lastMs: number
}

/** Clients that are kept. */
export const limitedClientsKept = 20

/** The same for each refusal of one client by one limit. */
export function limitedKey({ purse, by, userIp = '' }: Pick<LimitedClient, 'purse' | 'by' | 'userIp'>): string {
  return `${purse} ${by} ${userIp}`
}

/** Who was refused by which limit: the clients that were last, with how often. Bounded: under a flood the oldest are forgotten. */
export class LimitRefusals {
  readonly #clients = new Map<string, LimitedClient>()

  /** Counts one refusal. */
  note(refusal: Omit<LimitedClient, 'refusals' | 'lastMs'>, lastMs: number): void {
    const key = limitedKey(refusal)
    const refusals = (this.#clients.get(key)?.refusals ?? 0) + 1
    this.#clients.delete(key)
    this.#clients.set(key, { ...refusal, refusals, lastMs })
    const [oldest = ''] = this.#clients.keys()
    if (this.#clients.size > limitedClientsKept) this.#clients.delete(oldest)
  }

  /** Newest last. */
  read(): readonly LimitedClient[] {
    return [...this.#clients.values()]
  }
}
