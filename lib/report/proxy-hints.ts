import type { ClientAddress } from '../client-address.js'
import type { CaptchaRequest } from '../types.js'
import type { Reporter } from './reporter.js'

type HintName = 'forwarded_ignored' | 'trusts_everybody' | 'private_address' | 'no_address'

const help = 'https://expressjs.com/en/guide/behind-proxies.html'

const advice: Readonly<Record<HintName, string>> = {
  forwarded_ignored: `X-Forwarded-For arrives but "trust proxy" is unset: every user behind the proxy has the proxy's address, and shares one limit. See ${help}`,
  trusts_everybody: `"trust proxy" is true: any caller can make up an address, and with it a fresh limit. Name your proxies instead. See ${help}`,
  private_address: `The user's address is private: Tencent cannot judge it, and users may share one limit. Is "trust proxy" set for the proxy in front? See ${help}`,
  no_address: `The user's address is missing or no IP address, and the request was refused: Tencent wants one, and limits go by it. Does the option \`userIp\` return one; is "trust proxy" set where the server listens on a socket file? See ${help}`,
}

/** A set-up that is wrong shows in a guard's first requests; later ones are not looked at. */
const maxLooks = 1000

/** Once per process, also where two versions of the package are installed. */
const shownKey = Symbol.for('tencent-captcha-guard.proxy-hints')

/** Says once what is wrong with the addresses: limits by client key are worth nothing on wrong ones. */
export class ProxyHints {
  readonly #reporter: Reporter
  readonly #endpointIsLoopback: boolean
  readonly #shown: Set<HintName>
  #looksLeft = maxLooks

  constructor(reporter: Reporter, endpointIsLoopback: boolean) {
    this.#reporter = reporter
    this.#endpointIsLoopback = endpointIsLoopback
    const global = globalThis as { [shownKey]?: Set<HintName> }
    global[shownKey] ??= new Set()
    this.#shown = global[shownKey]
  }

  look(req: CaptchaRequest, address: ClientAddress | undefined): void {
    if (this.#looksLeft === 0 || this.#reporter.isSilent) return
    this.#looksLeft--
    const trust: unknown = (req as { app?: { get?: (name: string) => unknown } }).app?.get?.('trust proxy')
    if (!trust && req.headers['x-forwarded-for'] !== undefined) this.#show(req, 'forwarded_ignored')
    if (trust === true) this.#show(req, 'trusts_everybody')
    if (address === undefined) this.#show(req, 'no_address')
    // Against the simulator every user is on loopback.
    if (address?.isPrivate && !(address.isLoopback && this.#endpointIsLoopback)) this.#show(req, 'private_address')
  }

  #show(req: CaptchaRequest, name: HintName): void {
    if (this.#shown.has(name)) return
    this.#shown.add(name)
    this.#reporter.hint(req, 'captcha_proxy_hint', { hint: name, advice: advice[name], help })
  }
}
