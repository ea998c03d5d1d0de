import { type CaptchaTicket, guardForm, type TicketOptions } from 'tencent-captcha-guard/browser'
import type { CheckoutAnswer, Explanation, LoginAnswer, Review, Tone } from '../wire.js'
import { element, find, tag } from './dom.js'

/** What a good answer of a route holds, or the problem of a refusal. `code` is the guard's, `title` alone is the shop's own. */
type Body<Answer> = Answer & { explanation?: Explanation; code?: string; title?: string }

interface Guarded<Answer> {
  /** The route that the form is sent to. */
  path: string
  finish(form: HTMLFormElement, answer: Answer): void
  /** What a 503 means to the visitor. With it the form is not sent again by itself. */
  unavailable?: string
}

guard<LoginAnswer>({
  path: '/login',
  finish: (form, { name }) =>
    showDone(form, `Hello, ${name}`, 'You are signed in. Your last order left Hangzhou this morning.'),
})

guard<CheckoutAnswer>({
  path: '/checkout',
  finish: (form, { order, method }) => showDone(form, 'Thank you', `Order ${order} is paid with ${method}.`),
  // A payment must not be tried again without the visitor's knowledge.
  unavailable: 'Payments need the full security check, and it is not available right now. Nothing was charged.',
})

guard<Review>({
  path: '/reviews',
  finish(form, review) {
    find<HTMLTextAreaElement>('textarea', form).value = ''
    find('[data-reviews]').prepend(reviewItem(review))
    const whatNow = review.isHeld ? 'held for review and appears soon' : 'published'
    say(form, `Thank you. Your review is ${whatNow}.`, 'good')
  },
})

function guard<Answer>(guarded: Guarded<Answer>): void {
  const form = document.querySelector<HTMLFormElement>(`form[action="${guarded.path}"]`)
  if (!form) return
  const config: TicketOptions = JSON.parse(find('#captcha-config').textContent)
  guardForm(form, {
    ...config,
    captchaOptions: { enableDarkMode: true, userLanguage: 'en' },
    onTicket: (ticket) => send(form, ticket, guarded),
    messages: {
      checking: 'Checking that you are human…',
      failed: 'Not verified. Please try again.',
      waiting: 'The security check is not available. Next try in {seconds} s.',
    },
  })
}

/** Returns the response to the kit, which gets a new ticket and calls again where that helps. */
async function send<Answer>(
  form: HTMLFormElement,
  { ticket, randstr, fallback, errorCode }: CaptchaTicket,
  guarded: Guarded<Answer>,
): Promise<Response | undefined> {
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
    // A clone, because the kit reads the body as well.
    const body: Body<Answer> = await response.clone().json()
    setStep('answer', response.ok ? 'good' : 'bad', ['HTTP', response.status, body.code].filter(Boolean).join(' '))
    if (response.ok) {
      showVerdict(body.explanation)
      guarded.finish(form, body)
    } else if (body.code) {
      setStep('verdict', 'bad', 'Refused. The answer does not tell why; the switchboard does.')
    } else {
      setStep('verdict', 'good', 'Let in, but the shop refused.')
      say(form, body.title ?? '', 'bad')
    }
    if (response.status !== 503 || !guarded.unavailable) return response
    say(form, guarded.unavailable, 'bad')
  } catch {
    say(form, 'We cannot reach the shop. Please try again.', 'bad')
  }
  return undefined
}

function showVerdict(explanation: Explanation | undefined): void {
  if (!explanation) return setStep('verdict', 'good', 'Let in.')
  const { degraded, reason, durationMs } = explanation
  if (degraded)
    setStep('verdict', 'warn', `Degraded pass (${reason}) after ${durationMs} ms: let in without Tencent’s word.`)
  else setStep('verdict', 'good', `Verified by Tencent in ${durationMs} ms.`)
}

function showDone(form: HTMLFormElement, title: string, text: string): void {
  const box = find('[data-done]')
  const again = document.createElement('button')
  again.type = 'button'
  again.className = 'quiet'
  again.textContent = 'Do it again'
  again.addEventListener('click', () => {
    box.hidden = true
    form.hidden = false
    find('button[type=submit]', form).focus()
  })
  box.replaceChildren(element('h2', title), element('p', text), again)
  form.hidden = true
  box.hidden = false
  box.focus()
}

function reviewItem({ author, text, isHeld }: Review): HTMLElement {
  const item = element('li', '', isHeld ? 'held' : '')
  const by = element('p', '', 'by')
  by.append(element('b', author))
  if (isHeld) by.append(tag('Held for review', 'warn'))
  item.append(by, element('p', text))
  return item
}

function say(form: HTMLFormElement, text: string, tone: Tone = ''): void {
  const status = find('[data-status]', form)
  status.textContent = text
  status.dataset.tone = tone
}

function setStep(name: 'ticket' | 'verdict' | 'answer', tone: Tone, text: string): void {
  const step = find(`[data-step="${name}"]`)
  step.dataset.tone = tone
  find('span', step).textContent = text
}
