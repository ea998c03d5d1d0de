import { CancelledError, requestTicket } from './captcha.js'

const config = JSON.parse(document.getElementById('captcha-config').textContent)

/** What a visitor reads when the guard refuses. The codes say no more than this, on purpose. */
const refusals = {
  captcha_required: 'Please complete the security check.',
  captcha_invalid: 'The security check was not accepted. Please try again.',
  captcha_expired: 'The security check has expired. Please try again.',
  captcha_unavailable: 'The security check is not available right now. Please try again in a minute.',
}

const unavailableAt = {
  checkout: 'Payments need the full security check, and it is not available right now. Nothing was charged.',
}

/** What each form does with a good answer. */
const finish = {
  login: (form, { name }) =>
    showDone(form, `Hello, ${name}`, 'You are signed in. Your last order left Hangzhou this morning.'),
  checkout: (form, { order, method }) => showDone(form, 'Thank you', `Order ${order} is paid with ${method}.`),
  review(form, review) {
    form.elements.text.value = ''
    document.querySelector('[data-reviews]').prepend(reviewItem(review))
    say(
      form,
      review.isHeld
        ? 'Thank you. Your review is held for review and appears soon.'
        : 'Thank you. Your review is published.',
      'good',
    )
  },
}

for (const form of document.querySelectorAll('form[data-guarded]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (form.getAttribute('aria-busy') !== 'true') void submit(form)
  })
}

async function submit(form) {
  setBusy(form, true)
  say(form, 'Checking that you are human…')
  resetSteps()
  try {
    const startedAt = performance.now()
    const { ticket, randstr, errorCode } = await requestTicket(config)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    if (errorCode)
      setStep(
        'ticket',
        'warn',
        `Fallback ticket, error ${errorCode}, after ${seconds} s: Tencent’s script did not work here.`,
      )
    else setStep('ticket', 'good', `From Tencent’s script, after ${seconds} s.`)
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-captcha-ticket': ticket, 'x-captcha-randstr': randstr },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    })
    await showAnswer(form, response)
  } catch (error) {
    if (!(error instanceof CancelledError)) {
      say(form, 'We cannot reach the shop. Please try again.', 'bad')
      throw error
    }
    say(form, 'You closed the security check. Nothing was sent.')
    setStep('ticket', '', 'None: the challenge was closed.')
  } finally {
    setBusy(form, false)
  }
}

async function showAnswer(form, response) {
  const body = await response.json()
  setStep('answer', response.ok ? 'good' : 'bad', `HTTP ${response.status}${body.code ? ` ${body.code}` : ''}`)
  if (response.ok) {
    say(form, '')
    showVerdict(body.explanation)
    finish[form.dataset.guarded](form, body)
    return
  }
  setStep(
    'verdict',
    'bad',
    body.code ? 'Refused. The answer does not tell why; the switchboard does.' : 'Let in, but the shop refused.',
  )
  const isUnavailable = body.code === 'captcha_unavailable'
  say(form, (isUnavailable && unavailableAt[form.dataset.guarded]) || refusals[body.code] || body.title, 'bad')
}

function showVerdict(explanation) {
  if (!explanation) return setStep('verdict', 'good', 'Let in.')
  const { degraded, reason, durationMs } = explanation
  if (degraded)
    setStep('verdict', 'warn', `Degraded pass (${reason}) after ${durationMs} ms: let in without Tencent’s word.`)
  else setStep('verdict', 'good', `Verified by Tencent in ${durationMs} ms.`)
}

function showDone(form, title, text) {
  const box = form.parentElement.querySelector('[data-done]')
  const again = document.createElement('button')
  again.type = 'button'
  again.className = 'quiet'
  again.textContent = 'Do it again'
  again.addEventListener('click', () => {
    box.hidden = true
    form.hidden = false
    form.querySelector('button[type=submit]').focus()
  })
  box.replaceChildren(element('h2', title), element('p', text), again)
  form.hidden = true
  box.hidden = false
  box.focus()
}

function reviewItem({ author, text, isHeld }) {
  const item = document.createElement('li')
  const by = document.createElement('p')
  by.className = 'by'
  by.append(element('b', author))
  if (isHeld) {
    const tag = element('span', 'Held for review')
    tag.className = 'tag warn'
    by.append(tag)
    item.className = 'held'
  }
  item.append(by, element('p', text))
  return item
}

function element(name, text) {
  const node = document.createElement(name)
  node.textContent = text
  return node
}

function say(form, text, tone = '') {
  const status = form.querySelector('[data-status]')
  status.textContent = text
  status.dataset.tone = tone
}

function setBusy(form, isBusy) {
  form.setAttribute('aria-busy', String(isBusy))
  // Not `disabled`, which would take the focus away.
  form.querySelector('button[type=submit]').setAttribute('aria-disabled', String(isBusy))
}

function resetSteps() {
  for (const name of ['ticket', 'verdict', 'answer'])
    setStep(name, '', name === 'ticket' ? 'Waiting for the challenge…' : '–')
}

function setStep(name, tone, text) {
  const step = document.querySelector(`[data-step="${name}"]`)
  step.dataset.tone = tone
  step.querySelector('span').textContent = text
}
