import type { Measured } from './measure.js'

export function frontierSvg(_rows: readonly Measured[]): string {
  return ''
}
