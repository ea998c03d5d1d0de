import type { PurseName } from '../admission/question.js'
import type { Clock } from '../clock.js'
import { sha256 } from '../structures/sha256.js'
import { Purse, type PurseClaim, type PurseConfig, type PurseResult, type PurseShape } from './purse.js'

/** What the purses of one name have in common. */
export interface PurseBookOptions {
  readonly name: PurseName
  readonly shape: PurseShape
  readonly clock: Clock
  /** Tokens a minute that a total refills with right now. */
  readonly totalPerMinute: (total: PurseConfig['total']) => number
}

/** A setting's own purse, which its users meet first, and the parent where there is another. */
export type PurseChain = readonly [own: Purse, ...parent: Purse[]]

/**
 * The purses of one name at one site. A single setting has one purse; where guards have several, each setting has its own and
 * the first becomes the parent with the largest setting that bounds them all, so that more guards give no more passes.
 */
export class PurseBook {
  readonly #options: PurseBookOptions
  readonly #configs = new Map<string, PurseConfig>()
  readonly #own = new Map<string, Purse>()
  #parent: Purse | undefined

  constructor(options: PurseBookOptions) {
    this.#options = options
  }

  /**
   * Opens the purse of a setting; guards with the same setting share it. Returns the setting's name. What was taken before a
   * second setting opens stays taken in the parent; the setting that was alone until then gets a full purse of its own.
   */
  open(config: PurseConfig): string {
    const setting = settingOf(config)
    if (this.#configs.has(setting)) return setting
    this.#configs.set(setting, config)
    const bound = largest([...this.#configs.values()])
    // A purse that nothing was taken from is made anew: it would have to fill up to the larger total first.
    if (this.#parent === undefined || this.#parent.isUntouched) this.#parent = this.#newPurse(bound)
    else this.#parent.reshape(bound)
    if (this.#configs.size > 1) {
      for (const [name, each] of this.#configs) if (!this.#own.has(name)) this.#own.set(name, this.#newPurse(each))
    }
    return setting
  }

  /** The purses that a pass has to be taken from: the setting's own, and the parent unless this request drew on it before. */
  chain(setting: string, isParentDrawn: boolean): PurseChain {
    const own = this.#own.get(setting)
    const parent = this.#parent as Purse
    if (own === undefined) return [parent]
    return isParentDrawn ? [own] : [own, parent]
  }

  /** The purse whose limits a guard's users meet first. */
  ownPurse(setting: string): Purse {
    return this.#own.get(setting) ?? (this.#parent as Purse)
  }

  /** What the shared store calls a purse; the parent, or the only one, has the plain name. */
  storeName(purse: Purse): string {
    const { name } = this.#options
    if (purse === this.#parent) return name
    return `${name}:${sha256(settingOf(purse.config)).slice(0, 12)}`
  }

  /** Sets the totals to what is expected now. */
  followBaseline(): void {
    const nowMs = this.#options.clock.nowMs()
    for (const purse of this.#own.values()) this.#follow(purse, nowMs)
    if (this.#parent) this.#follow(this.#parent, nowMs)
  }

  #follow(purse: Purse, nowMs: number): void {
    purse.setTotal(this.#options.totalPerMinute(purse.config.total), nowMs)
  }

  /** Starts full: what is expected of a site is known before its first outage. */
  #newPurse(config: PurseConfig): Purse {
    const { shape, clock, totalPerMinute } = this.#options
    return new Purse(shape, config, clock.nowMs(), totalPerMinute(config.total))
  }
}

/** Takes one pass from every purse of a chain, together or not at all; the use is that of the first one. */
export function takeFromAll([own, parent]: PurseChain, claim: PurseClaim, nowMs: number): PurseResult {
  const first = own.take(claim, nowMs)
  if (first.kind === 'refused' || parent === undefined) return first
  const second = parent.take(claim, nowMs)
  if (second.kind === 'refused') {
    first.giveBack()
    return second
  }
  const giveBack = () => {
    first.giveBack()
    second.giveBack()
  }
  return { kind: 'taken', use: first.use, giveBack }
}

/** The same in every process. */
function settingOf({ perClient, total }: PurseConfig): string {
  const { limit, windowMs } = perClient
  return [limit, windowMs, total.floorPerMinute, total.baselineFactor, total.startPerMinute].join('-')
}

/** The bound of all settings: the most passes a client may have in its window, and the largest of each figure of the total. */
function largest(configs: readonly PurseConfig[]): PurseConfig {
  const rate = ({ perClient }: PurseConfig) => perClient.limit / perClient.windowMs
  const perClient = configs.reduce((most, config) => (rate(config) > rate(most) ? config : most)).perClient
  const most = (figure: keyof PurseConfig['total']) => Math.max(...configs.map(({ total }) => total[figure]))
  return {
    perClient,
    total: {
      floorPerMinute: most('floorPerMinute'),
      baselineFactor: most('baselineFactor'),
      startPerMinute: most('startPerMinute'),
    },
  }
}
