/** Writes times and durations as people read them, in the time zone of this machine. */

const zoneName = new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' })

/** `2026-01-31 09:05:07` */
export function timeText(epochMs: number): string {
  return localIso(epochMs).slice(0, 19).replace('T', ' ')
}

/** `2026-01-31 09:05` */
export function minuteText(epochMs: number): string {
  return timeText(epochMs).slice(0, 16)
}

/** `GMT+08:00` */
export function zoneText(epochMs: number): string {
  return zoneName.formatToParts(epochMs).find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

/** `1 h 05 min 09 s` */
export function durationText(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (minutes === 0) return `${seconds} s`
  const two = (value: number) => String(value).padStart(2, '0')
  return hours === 0
    ? `${minutes} min ${two(seconds % 60)} s`
    : `${hours} h ${two(minutes % 60)} min ${two(seconds % 60)} s`
}

function localIso(epochMs: number): string {
  const offsetMs = new Date(epochMs).getTimezoneOffset() * 60_000
  return new Date(epochMs - offsetMs).toISOString()
}
