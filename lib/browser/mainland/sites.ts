import { scriptUrls as all } from '../../tencent/hosts.js'

/** Any other site is a wrong option here. */
export const scriptUrls = { mainland: all.mainland }

export function isInternational(_site: unknown): boolean {
  return false
}

export const hasCheckbox: boolean = false
