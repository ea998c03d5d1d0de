import type { AttackOutcome, SwitchboardState } from '../wire.js'
import { listenToAttacks } from './attacks.js'
import { element, find } from './dom.js'
import { LiveLists } from './live-lists.js'
import { post } from './post.js'
import { showState, showSwitches } from './show-state.js'

const lists = new LiveLists(find('[data-verdicts]'), find('[data-log]'))
let changesUnderWay = 0

/* Live view */

const events = new EventSource('/switchboard/events')
events.addEventListener('open', () => {
  // The server sends everything that it keeps on each new connection.
  lists.clear()
  setLive(true)
})
events.addEventListener('error', () => setLive(false))
events.addEventListener('verdict', ({ data }) => lists.addVerdict(JSON.parse(data)))
events.addEventListener('log', ({ data }) => lists.addLine(JSON.parse(data)))
events.addEventListener('state', ({ data }) => {
  const state: SwitchboardState = JSON.parse(data)
  showState(state)
  // A state that was sent before the server knew of a change would turn the switch back.
  if (changesUnderWay === 0) showSwitches(state)
})

function setLive(isLive: boolean): void {
  const live = find('[data-live]')
  live.dataset.tone = isLive ? 'good' : 'bad'
  live.replaceChildren(element('span', ''), isLive ? 'live' : 'not connected')
}

/* Switches and buttons */

for (const form of document.querySelectorAll<HTMLFormElement>('[data-faults]')) {
  form.addEventListener('change', async ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return
    changesUnderWay++
    try {
      showState(await post<SwitchboardState>('/switchboard/faults', { [target.name]: target.value }))
    } finally {
      changesUnderWay--
    }
  })
}

for (const button of document.querySelectorAll<HTMLElement>('[data-override]')) {
  button.addEventListener('click', async () =>
    showState(await post<SwitchboardState>('/switchboard/override', { mode: button.dataset.override })),
  )
}

const attack = find('[data-attack]')
attack.addEventListener('click', async () => {
  if (attack.ariaDisabled === 'true') return
  attack.ariaDisabled = 'true'
  const outcome = find('[data-outcome]')
  outcome.replaceChildren(element('p', 'Attacking…'))
  try {
    const { count, passed } = await post<AttackOutcome>('/switchboard/attack', {})
    outcome.replaceChildren(
      comparison('This guard', passed, count),
      comparison('“Accept every trerror_ ticket”', count, count),
      element('p', `${passed} of ${count} forgeries got in, each with a log line. The purse stopped the rest.`),
    )
  } finally {
    attack.ariaDisabled = 'false'
  }
})

listenToAttacks()

function comparison(name: string, passed: number, count: number): HTMLElement {
  const bar = element('div', '', 'bar')
  bar.dataset.tone = passed === count ? 'bad' : 'warn'
  const fill = element('div', '')
  fill.style.width = `${Math.max(1, (passed / count) * 100)}%`
  bar.append(fill)
  const row = element('div', '', 'comparison')
  row.append(element('span', name), element('b', `${passed} let in`), bar)
  return row
}
