import type { CircuitState, OverrideMode, PathState, PurseState, SwitchboardState, Tone } from '../wire.js'
import { find, setText, tag } from './dom.js'

const pathTexts: Record<PathState['state'], [Tone, string]> = {
  healthy: ['good', 'Healthy'],
  suspect: ['warn', 'Suspect'],
  outage: ['bad', 'Outage'],
}

const circuitTexts: Record<CircuitState['state'], [Tone, string, string]> = {
  closed: ['good', 'Closed', 'Every ticket goes to Tencent'],
  suspect: ['warn', 'Suspect', 'A canary is asking how Tencent is'],
  open: ['bad', 'Open', 'No request waits; only the canary asks'],
}

const overrideTexts: Record<OverrideMode, [Tone, string, string]> = {
  none: ['', 'None', 'Rules and purses decide'],
  pass: ['warn', 'Pass', 'Tencent is not asked'],
  verify_only: ['warn', 'Verify only', 'Degraded passes are refused'],
}

/** Shows everything but the switches, which the person at the page may be changing. */
export function showState({ guard, reasons, simulator }: SwitchboardState): void {
  showPath('api', guard.api)
  showPath('clientPath', guard.clientPath)
  showCircuit(guard.circuit)
  showOverride(guard.override)
  showPurse('outage', guard.purses.outage)
  showPurse('doubt', guard.purses.doubt)
  showReasons(reasons)
  if (simulator) setText(find('[data-total="calls"]'), String(simulator.calls))
}

/** Checks the switches that are on, and unfolds the list where one of them is hidden. */
export function showSwitches({ simulator }: SwitchboardState): void {
  for (const [target, id] of Object.entries(simulator?.switches ?? {})) {
    const input = document.querySelector<HTMLInputElement>(`[data-faults="${target}"] input[value="${id}"]`)
    if (!input || input.checked) continue
    input.checked = true
    const fold = input.closest('details')
    if (fold) fold.open = true
  }
}

function showPath(name: 'api' | 'clientPath', { state, since, why }: PathState): void {
  const [tone, label] = pathTexts[state]
  const text = why.charAt(0).toUpperCase() + why.slice(1).replaceAll('_', ' ')
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000))
  setTile(name, tone, label, `${text}, for ${seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`)
}

function showCircuit({ state, lastCanary }: CircuitState): void {
  const [tone, label, text] = circuitTexts[state]
  const canary =
    lastCanary && state !== 'closed' ? `. Last canary ${lastCanary.result}, ${inSeconds(lastCanary.agoMs)} ago` : ''
  setTile('circuit', tone, label, text + canary)
}

function showOverride({ mode, until }: SwitchboardState['guard']['override']): void {
  const [tone, label, text] = overrideTexts[mode]
  setTile('override', tone, label, until ? `${text}, ${inSeconds(Date.parse(until) - Date.now())} left` : text)
  for (const button of document.querySelectorAll<HTMLElement>('[data-override]')) {
    button.ariaPressed = String(button.dataset.override === mode)
  }
}

function setTile(name: string, tone: Tone, state: string, why: string): void {
  const tile = find(`[data-tile="${name}"]`)
  tile.dataset.tone = tone
  setText(find('.state', tile), state)
  setText(find('.why', tile), why)
}

function showPurse(name: string, state: PurseState): void {
  const { perMinute, capacity, remaining, taken, refusedByClientLimit, refusedByTotal } = state
  const purse = find(`[data-purse="${name}"]`)
  const size = Math.max(1, Math.round(capacity))
  const percent = Math.min(100, Math.round((remaining / size) * 100))
  const bar = find('.bar', purse)
  bar.ariaValueNow = String(percent)
  bar.dataset.tone = percent > 50 ? 'good' : percent > 15 ? 'warn' : 'bad'
  find('div', bar).style.width = `${percent}%`
  const refused = refusedByClientLimit + refusedByTotal
  setText(
    find('.figures', purse),
    `${remaining} of ${size} left, refilled with ${Math.round(perMinute)} a minute · ${taken} taken · ${refused} refused`,
  )
}

function showReasons(reasons: SwitchboardState['reasons']): void {
  const totals = { verified: 0, degraded: 0, refused: 0 }
  for (const { reason, count, isRefusal } of reasons) {
    totals[reason === 'verified' ? 'verified' : isRefusal ? 'refused' : 'degraded'] += count
  }
  for (const [name, count] of Object.entries(totals)) setText(find(`[data-total="${name}"]`), String(count))
  const tags = reasons
    .filter(({ reason }) => reason !== 'verified')
    .map(({ reason, count, isRefusal }) => tag(`${reason} ${count}`, isRefusal ? 'bad' : 'warn'))
  find('[data-reasons]').replaceChildren(...tags)
}

function inSeconds(durationMs: number): string {
  return `${Math.max(0, Math.round(durationMs / 1000))} s`
}
