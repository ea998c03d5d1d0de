import { type CaptchaTicket, guardForm, type TicketOptions } from 'tencent-captcha-guard/browser'
import type { CheckoutAnswer, Explanation, LoginAnswer, Review, Tone } from '../wire.js'
import { element, find, say, tag } from './dom.js'

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
    showDone(
      form,
      say(`Hello, ${name}`, `${name}，您好`),
      say('You are signed in. Your last order left Hangzhou this morning.', '您已登录。最近的订单今早已从杭州发出。'),
    ),
})

guard<CheckoutAnswer>({
  path: '/checkout',
  finish: (form, { order, method }) =>
    showDone(
      form,
      say('Thank you', '谢谢'),
      say(`Order ${order} is paid with ${method}.`, `订单 ${order} 已通过${method}支付。`),
    ),
  // A payment must not be tried again without the visitor's knowledge.
  unavailable: say(
    'Payments need the full security check, and it is not available right now. Nothing was charged.',
    '付款需要完整的安全验证，目前无法进行。未产生扣款。',
  ),
})

guard<Review>({
  path: '/reviews',
  finish(form, review) {
    find<HTMLTextAreaElement>('textarea', form).value = ''
    find('[data-reviews]').prepend(reviewItem(review))
    const text = review.isHeld
      ? say('Thank you. Your review is held for review and appears soon.', '谢谢。您的评价已暂存待审，很快会显示。')
      : say('Thank you. Your review is published.', '谢谢。您的评价已发表。')
    tell(form, text, 'good')
  },
})

function guard<Answer>(guarded: Guarded<Answer>): void {
  const form = document.querySelector<HTMLFormElement>(`form[action="${guarded.path}"]`)
  if (!form) return
  const config: TicketOptions = JSON.parse(find('#captcha-config').textContent)
  guardForm(form, {
    ...config,
    captchaOptions: { enableDarkMode: true, userLanguage: say('en', 'zh-cn') },
    onTicket: (ticket) => send(form, ticket, guarded),
    messages: {
      checking: say('Checking that you are human…', '正在进行安全验证…'),
      tick: say('Please tick the box above the button.', '请勾选按钮上方的验证框。'),
      failed: say('Not verified. Please try again.', '验证未通过，请重试。'),
      waiting: say(
        'The security check is not available. Next try in {seconds} s.',
        '安全验证暂不可用，{seconds} 秒后重试。',
      ),
    },
  })
}

/** Returns the response to the kit, which gets a new ticket and calls again where that helps. */
async function send<Answer>(
  form: HTMLFormElement,
  { ticket, randstr, fallback, errorCode }: CaptchaTicket,
  guarded: Guarded<Answer>,
): Promise<Response | undefined> {
  tell(form, '')
  setStep('verdict', '', '–')
  setStep('answer', '', '–')
  if (fallback)
    setStep(
      'ticket',
      'warn',
      say(
        `Fallback ticket, error ${errorCode}: Tencent’s script did not work here.`,
        `容灾票据，错误 ${errorCode}：腾讯云脚本在此未能工作。`,
      ),
    )
  else setStep('ticket', 'good', say('From Tencent’s script.', '来自腾讯云脚本。'))
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
      setStep(
        'verdict',
        'bad',
        say('Refused. The answer does not tell why; the switchboard does.', '已拒绝。应答不说明原因，控制台可见。'),
      )
    } else {
      setStep('verdict', 'good', say('Let in, but the shop refused.', '已放行，但商店拒绝。'))
      tell(form, body.title ?? '', 'bad')
    }
    if (response.status !== 503 || !guarded.unavailable) return response
    tell(form, guarded.unavailable, 'bad')
  } catch {
    tell(form, say('We cannot reach the shop. Please try again.', '无法连接商店，请重试。'), 'bad')
  }
  return undefined
}

function showVerdict(explanation: Explanation | undefined): void {
  if (!explanation) return setStep('verdict', 'good', say('Let in.', '已放行。'))
  const { degraded, reason, durationMs } = explanation
  if (degraded)
    setStep(
      'verdict',
      'warn',
      say(
        `Degraded pass (${reason}) after ${durationMs} ms: let in without Tencent’s word.`,
        `降级放行（${reason}），用时 ${durationMs} 毫秒：未经腾讯云核验。`,
      ),
    )
  else
    setStep(
      'verdict',
      'good',
      say(`Verified by Tencent in ${durationMs} ms.`, `腾讯云核验通过，用时 ${durationMs} 毫秒。`),
    )
}

function showDone(form: HTMLFormElement, title: string, text: string): void {
  const box = find('[data-done]')
  const again = document.createElement('button')
  again.type = 'button'
  again.className = 'quiet'
  again.textContent = say('Do it again', '再来一次')
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
  if (isHeld) by.append(tag(say('Held for review', '待审核'), 'warn'))
  item.append(by, element('p', text))
  return item
}

function tell(form: HTMLFormElement, text: string, tone: Tone = ''): void {
  const status = find('[data-status]', form)
  status.textContent = text
  status.dataset.tone = tone
}

function setStep(name: 'ticket' | 'verdict' | 'answer', tone: Tone, text: string): void {
  const step = find(`[data-step="${name}"]`)
  step.dataset.tone = tone
  find('span', step).textContent = text
}
