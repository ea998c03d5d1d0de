/** Seeds that have found a fault once, with what it was. They always run. */
export const keptSeeds: ReadonlyArray<{ readonly seed: number; readonly found: string }> = []
