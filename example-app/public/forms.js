/* The kit of tencent-captcha-guard, on the page as the global CaptchaGuard, gets the tickets. This file sends the forms. */

const config = JSON.parse(document.getElementById('captcha-config').textContent)

/** What each form does with a good answer. */
const finish = {
  login(form, { name }) {
    showDone(form, `Hello, ${name}`, 'You are signed in. Your last order left Hangzhou this morning.')
  },
  checkout(form, { order, method }) {
    showDone(form, 'Thank you', `Order ${order} is paid with ${method}.`)
  },
  review(form, review) {
    form.elements.text.value = ''
    document.querySelector('[data-reviews]').prepend(reviewItem(review))
    const whatNow = review.isHeld ? 'held for review and appears soon' : 'published'
    say(form, `Thank you. Your review is ${whatNow}.`, 'good')
  },
}

for (const form of document.querySelectorAll('form[data-guarded]')) {
  window.CaptchaGuard.guardForm(form, {
    ...config,
    captchaOptions: { enableDarkMode: true, userLanguage: 'en' },
    onTicket: (ticket) => send(form, ticket),
    messages: {
      checking: 'Checking that you are human…',
      failed: 'Not verified. Please try again.',
      waiting: 'The security check is not available. Next try in {seconds} s.',
    },
  })
}

/** Gives the answer back to the kit, which gets a new ticket and calls again where that helps. */
async function send(form, { ticket, randstr, fallback, errorCode }) {
  say(form, '')
  setStep('verdict', '', '–')
  setStep('answer', '', '–')
  if (fallback) setStep('ticket', 'warn', `Fallback ticket, error ${errorCode}: Tencent’s script did not work here.`)
  else setStep('ticket', 'good', 'From Tencent’s script.')
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-captcha-ticket': ticket, 'x-captcha-randstr': randstr },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    })
    // A clone, for the kit reads the body as well.
    await showAnswer(form, response, await response.clone().json())
    // Nobody wants a payment to be tried again behind their back.
    return form.dataset.guarded === 'checkout' && response.status === 503 ? undefined : response
  } catch {
    say(form, 'We cannot reach the shop. Please try again.', 'bad')
  }
}

async function showAnswer(form, response, body) {
  setStep('answer', response.ok ? 'good' : 'bad', `HTTP ${response.status}${body.code ? ` ${body.code}` : ''}`)
  if (response.ok) {
    showVerdict(body.explanation)
    finish[form.dataset.guarded](form, body)
  } else if (body.code) {
    setStep('verdict', 'bad', 'Refused. The answer does not tell why; the switchboard does.')
    if (form.dataset.guarded === 'checkout' && response.status === 503) {
      say(form, 'Payments need the full security check, and it is not available right now. Nothing was charged.', 'bad')
    }
  } else {
    setStep('verdict', 'good', 'Let in, but the shop refused.')
    say(form, body.title, 'bad')
  }
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

function setStep(name, tone, text) {
  const step = document.querySelector(`[data-step="${name}"]`)
  step.dataset.tone = tone
  step.querySelector('span').textContent = text
}
