import { scriptUrls as all } from '../../tencent/hosts.js'

/** Any other site is a wrong option here. */
export const scriptUrls = { mainland: all.mainland }

/** False: this copy of the kit has no other site. */
export function isInternational(_site: unknown): boolean {
  return false
}

/** See `lib/browser/sites.ts`. */
export const hasCheckbox: boolean = false
