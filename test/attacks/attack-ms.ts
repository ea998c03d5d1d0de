/** How long an attack lasts: `npm test` runs the short form, `npm run test:attacks` the whole one. */
export function attackMs({ short, whole = 60_000 }: { short: number; whole?: number }): number {
  return process.env.ATTACKS === 'whole' ? whole : short
}
