export { scriptUrls } from '../tencent/hosts.js'

/** Whether the script of the site renders a checkbox, where the mainland's shows a challenge at once. */
export function isInternational(site: unknown): boolean {
  return site === 'international'
}

/** Whether this copy of the kit can render the checkbox. */
export const hasCheckbox: boolean = true
