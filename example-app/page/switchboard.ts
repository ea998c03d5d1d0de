import type { SwitchboardState } from '../wire.js'
import { listenToAttacks } from './attacks.js'
import { element, find, say, setText } from './dom.js'
import { LiveLists } from './live-lists.js'
import { post } from './post.js'

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
  // A state that was sent before the server knew of a change would turn the switch back.
  if (changesUnderWay === 0) showState(JSON.parse(data))
})

function setLive(isLive: boolean): void {
  const live = find('[data-live]')
  live.dataset.tone = isLive ? 'good' : 'bad'
  live.replaceChildren(element('span', ''), isLive ? say('live', '实时') : say('not connected', '未连接'))
}

/* Switches */

for (const form of document.querySelectorAll<HTMLFormElement>('[data-faults]')) {
  form.addEventListener('change', async ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return
    changesUnderWay++
    try {
      await post<SwitchboardState>('/switchboard/faults', { [target.name]: target.value })
    } finally {
      changesUnderWay--
    }
  })
}

/** Checks the switches that are on, and unfolds the list where one of them is hidden. */
function showState({ simulator }: SwitchboardState): void {
  if (!simulator) return
  setText(find('[data-calls]'), String(simulator.calls))
  for (const [target, id] of Object.entries(simulator.switches)) {
    const input = document.querySelector<HTMLInputElement>(`[data-faults="${target}"] input[value="${id}"]`)
    if (!input || input.checked) continue
    input.checked = true
    const fold = input.closest('details')
    if (fold) fold.open = true
  }
}

listenToAttacks()
