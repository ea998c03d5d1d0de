const board = document.querySelector('[data-board]')
const find = (selector) => board.querySelector(selector)
const shownVerdicts = 12
const shownLines = 40
let changesUnderWay = 0

const refusals = new Set([
  'ticket_missing',
  'ticket_malformed',
  'ticket_expired',
  'ticket_reused',
  'randstr_mismatch',
  'ticket_invalid',
  'app_mismatch',
  'risk_rejected',
  'rejected',
  'rate_limited',
  'fallback_stale',
  'fallback_replayed',
  'misconfigured',
  'degradation_refused',
  'budget_exhausted',
])

/* Live view */

const events = new EventSource('/switchboard/events')
events.addEventListener('open', () => {
  // The server tells everything again on a new connection.
  find('[data-verdicts]').replaceChildren()
  find('[data-log]').replaceChildren()
  setLive(true)
})
events.addEventListener('error', () => setLive(false))
events.addEventListener('state', ({ data }) => showState(JSON.parse(data)))
events.addEventListener('verdict', ({ data }) => addVerdict(JSON.parse(data)))
events.addEventListener('log', ({ data }) => addLine(JSON.parse(data)))

function setLive(isLive) {
  const live = find('[data-live]')
  live.dataset.tone = isLive ? 'good' : 'bad'
  live.lastChild.textContent = isLive ? 'live' : 'not connected'
}

function showState({ guard, switches, tencent }) {
  showPath('api', guard.api)
  showPath('clientPath', guard.clientPath)
  showCircuit(guard.circuit)
  showOverride(guard.override)
  for (const [name, purse] of Object.entries(guard.purses)) showPurse(name, purse)
  showCounters(guard.counters, tencent)
  // What was told before the server knew of the change would turn the switch back.
  if (changesUnderWay > 0) return
  for (const [name, id] of Object.entries(switches ?? {})) showSwitch(name, id)
}

const pathStates = { healthy: ['good', 'Healthy'], suspect: ['warn', 'Suspect'], outage: ['bad', 'Outage'] }

function showPath(name, { state, since, why }) {
  const [tone, label] = pathStates[state]
  setTile(name, tone, label, `${capital(why.replaceAll('_', ' '))}, ${ago(since)}`)
}

const circuitStates = {
  closed: ['good', 'Closed', 'Every ticket goes to Tencent'],
  suspect: ['warn', 'Suspect', 'A canary is asking how Tencent is'],
  open: ['bad', 'Open', 'Nobody waits; only the canary asks'],
}

function showCircuit({ state, lastCanary }) {
  const [tone, label, text] = circuitStates[state]
  const canary =
    lastCanary && state !== 'closed' ? `. Last canary ${lastCanary.result}, ${seconds(lastCanary.agoMs)} ago` : ''
  setTile('circuit', tone, label, text + canary)
}

const overrides = {
  none: ['', 'None', 'Rules and purses decide'],
  pass: ['warn', 'Pass', 'Tencent is not asked'],
  verify_only: ['warn', 'Verify only', 'Degraded passes are refused'],
}

function showOverride({ mode, until }) {
  const [tone, label, text] = overrides[mode]
  setTile('override', tone, label, until ? `${text}, ${seconds(Date.parse(until) - Date.now())} left` : text)
  for (const button of board.querySelectorAll('[data-override]')) {
    button.setAttribute('aria-pressed', String(button.dataset.override === mode))
  }
}

function setTile(name, tone, state, why) {
  const tile = find(`[data-tile="${name}"]`)
  tile.dataset.tone = tone
  setText(tile.querySelector('.state'), state)
  setText(tile.querySelector('.why'), why)
}

function showPurse(name, { perMinute, capacity, remaining, taken, refusedByClientLimit, refusedByTotal }) {
  const purse = find(`[data-purse="${name}"]`)
  const size = Math.max(1, Math.round(capacity))
  const percent = Math.min(100, Math.round((remaining / size) * 100))
  const bar = purse.querySelector('.bar')
  bar.setAttribute('aria-valuenow', String(percent))
  bar.dataset.tone = percent > 50 ? 'good' : percent > 15 ? 'warn' : 'bad'
  bar.firstElementChild.style.width = `${percent}%`
  const refused = refusedByClientLimit + refusedByTotal
  setText(
    purse.querySelector('.figures'),
    `${remaining} of ${size} left, refilled with ${Math.round(perMinute)} a minute · ${taken} taken · ${refused} refused`,
  )
}

function showCounters(counters, tencent) {
  const seen = Object.entries(counters).filter(([, count]) => count > 0)
  const sum = (wanted) => seen.filter(([reason]) => wanted(reason)).reduce((total, [, count]) => total + count, 0)
  setText(find('[data-total="verified"]'), counters.verified)
  setText(
    find('[data-total="refused"]'),
    sum((reason) => refusals.has(reason)),
  )
  setText(
    find('[data-total="degraded"]'),
    sum((reason) => reason !== 'verified' && !refusals.has(reason)),
  )
  if (tencent) setText(find('[data-total="calls"]'), tencent.calls)
  const tags = seen
    .filter(([reason]) => reason !== 'verified')
    .map(([reason, count]) => tag(`${reason} ${count}`, refusals.has(reason) ? 'bad' : 'warn'))
  find('[data-reasons]').replaceChildren(...tags)
}

function showSwitch(name, id) {
  const form = find(`[data-faults="${name}"]`)
  const input = form.querySelector(`input[value="${id}"]`)
  if (!input || input.checked) return
  input.checked = true
  const fold = input.closest('details')
  if (fold) fold.open = true
}

/** A flood of equal verdicts is one row with a count, so that it does not push everything else out of sight. */
let lastRow = { key: '', count: 0, node: null }

function addVerdict(entry) {
  const key = JSON.stringify([entry.path, entry.status, entry.reason, entry.cause])
  const isRepeated = key === lastRow.key && lastRow.node?.isConnected
  const count = isRepeated ? lastRow.count + 1 : 1
  const node = verdictRow(entry, count)
  if (isRepeated) lastRow.node.replaceWith(node)
  else addNewest(find('[data-verdicts]'), node, shownVerdicts)
  lastRow = { key, count, node }
}

function verdictRow({ at, path, status, passed, degraded, reason, cause, durationMs }, count) {
  const tone = passed ? (degraded ? 'warn' : 'good') : 'bad'
  const words = passed ? (degraded ? 'Degraded pass' : 'Verified') : 'Refused'
  const detail = reason === 'verified' ? '' : cause && cause !== reason ? `${reason} (${cause})` : reason
  const verdict = element('td', '')
  verdict.append(tag(words, tone), ' ', element('span', detail, 'detail'))
  if (count > 1) verdict.append(' ', element('b', `× ${count}`))
  const row = element('tr', '')
  row.append(
    element('td', clock(at), 'time'),
    element('td', path),
    verdict,
    element('td', status, 'number'),
    element('td', `${durationMs} ms`, 'number took'),
  )
  return row
}

const levels = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
const dull = new Set(['level', 'time', 'msg', 'event', 'req', 'res', 'responseTime', 'captchaAppId', 'passed', 'err'])

function addLine({ level, time, msg, responseTime, ...fields }) {
  const line = element('li', '')
  line.dataset.level = levels[level]
  const details = Object.entries(fields)
    .filter(([name]) => !dull.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
  if (responseTime !== undefined) details.push(`${responseTime} ms`)
  line.append(element('span', clock(time), 'time'), element('b', msg), element('span', details.join(' '), 'detail'))
  addNewest(find('[data-log]'), line, shownLines)
}

function addNewest(list, item, most) {
  list.querySelector('.empty')?.remove()
  list.prepend(item)
  while (list.children.length > most) list.lastElementChild.remove()
}

/* Switches and buttons */

for (const form of board.querySelectorAll('[data-faults]')) {
  form.addEventListener('change', async ({ target }) => {
    changesUnderWay++
    const state = await post('/switchboard/faults', { [form.dataset.faults]: target.value }).finally(
      () => changesUnderWay--,
    )
    showState(state)
  })
}

for (const button of board.querySelectorAll('[data-override]')) {
  button.addEventListener('click', async () =>
    showState(await post('/switchboard/override', { mode: button.dataset.override })),
  )
}

find('[data-attack]').addEventListener('click', async ({ currentTarget: button }) => {
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  const outcome = find('[data-outcome]')
  outcome.replaceChildren(element('p', 'Attacking…'))
  try {
    const { count, passed } = await post('/switchboard/attack', {})
    outcome.replaceChildren(
      comparison('This guard', passed, count),
      comparison('“Accept every trerror_ ticket”', count, count),
      element('p', `${passed} of ${count} forgeries got in, each with a log line. The purse stopped the rest.`),
    )
  } finally {
    button.setAttribute('aria-disabled', 'false')
  }
})

function comparison(name, passed, count) {
  const bar = element('div', '', 'bar')
  bar.dataset.tone = passed === count ? 'bad' : 'warn'
  const fill = element('div', '')
  fill.style.width = `${Math.max(1, (passed / count) * 100)}%`
  bar.append(fill)
  const row = element('div', '', 'comparison')
  row.append(element('span', name), element('b', `${passed} let in`), bar)
  return row
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.title)
  return answer
}

/* Small things */

function element(name, text, className = '') {
  const node = document.createElement(name)
  node.textContent = text
  if (className) node.className = className
  return node
}

function tag(text, tone) {
  return element('span', text, `tag ${tone}`)
}

/** Only when it changed, so that a selection survives and screen readers stay quiet. */
function setText(node, text) {
  if (node.textContent !== String(text)) node.textContent = text
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString('en-GB')
}

function seconds(ms) {
  return `${Math.max(0, Math.round(ms / 1000))} s`
}

function ago(iso) {
  const s = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000))
  return s < 90 ? `for ${s} s` : `for ${Math.round(s / 60)} min`
}
