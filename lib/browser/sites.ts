export { scriptUrls } from '../tencent/hosts.js'

/** Whether the script of the site renders a checkbox, where the mainland's shows a challenge at once. */
export function isInternational(site: unknown): boolean {
  return site === 'international'
}
