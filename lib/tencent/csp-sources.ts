import type { CaptchaSite } from '../types.js'
import { scriptUrls } from './hosts.js'

/** Sources of a Content-Security-Policy, by directive, named as helmet names them. */
export interface CaptchaCspSources {
  readonly scriptSrc: readonly string[]
  readonly frameSrc: readonly string[]
  readonly connectSrc: readonly string[]
  readonly styleSrc: readonly string[]
  readonly imgSrc: readonly string[]
  readonly fontSrc: readonly string[]
  readonly workerSrc: readonly string[]
}

/** Options of {@link captchaCspSources}: those of `guard.page` fit. */
export interface CaptchaCspOptions {
  /** Whose script the pages load. @default 'mainland' */
  readonly site?: CaptchaSite | undefined
  /** URL of the vendor's script where it is another than the site's own, as that of the simulator. @default from `site` */
  readonly scriptUrl?: string | undefined
}

// The vendor documents no list. These are the hosts in its scripts and in the reports of sites that use them.
const mainlandHost = 'https://turing.captcha.qcloud.com'
const internationalHost = 'https://ca.turing.captcha.qcloud.com'
/** Built into the scripts, for when their own host does not answer. */
const backupHost = 'https://www.tycaptcha.com'
const pictures = ['https://*.captcha.gtimg.com', 'https://*.captcha.qcloud.com']

const mainland: CaptchaCspSources = {
  scriptSrc: [mainlandHost, 'https://turing.captcha.gtimg.com', 'https://cloudcache.tencentcs.com', backupHost],
  frameSrc: [mainlandHost, backupHost],
  connectSrc: [mainlandHost, backupHost, 'https://www.turingfraud.net'],
  styleSrc: ['https://*.captcha.gtimg.com', "'unsafe-inline'"],
  imgSrc: ['data:', ...pictures],
  fontSrc: pictures,
  workerSrc: ['blob:'],
}

const sources: Readonly<Record<CaptchaSite, CaptchaCspSources>> = {
  mainland,
  international: {
    ...mainland,
    scriptSrc: [...mainland.scriptSrc, internationalHost, 'https://global.turing.captcha.gtimg.com'],
    frameSrc: [...mainland.frameSrc, internationalHost],
    connectSrc: [...mainland.connectSrc, internationalHost, 'https://rce.tencentrio.com'],
  },
}

/**
 * Returns what the vendor's script needs from a page's Content-Security-Policy, to be added to the page's own sources. Where a host is
 * missing the challenge stays blank, which looks like an outage of the vendor. The lists are of the hosts as documented and found, so
 * watch for new ones with a policy that only reports (docs/content-security-policy.md).
 *
 * @example contentSecurityPolicy: { directives: { scriptSrc: ["'self'", ...captchaCspSources(guard.page).scriptSrc] } }
 * @throws {TypeError} when `site` is unknown or `scriptUrl` does not parse
 */
export function captchaCspSources({ site = 'mainland', scriptUrl }: CaptchaCspOptions = {}): CaptchaCspSources {
  const found = Object.hasOwn(sources, site) ? sources[site] : undefined
  if (found === undefined) throw new TypeError(`captchaCspSources: there is no site ${JSON.stringify(site)}.`)
  if (scriptUrl === undefined || scriptUrl === scriptUrls[site]) return found
  // Another script, as the simulator's, is known to need its own origin alone.
  const { origin } = new URL(scriptUrl)
  const isVendors = found.scriptSrc.includes(origin)
  if (isVendors) return found
  const own = [origin]
  return { scriptSrc: own, frameSrc: own, connectSrc: own, styleSrc: [], imgSrc: ['data:'], fontSrc: [], workerSrc: [] }
}
