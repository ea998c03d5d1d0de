import { CaptchaCancelledError } from './captcha-cancelled-error.js'
import type { CaptchaTicket } from './captcha-ticket.js'
import { type FormMessages, formMessages } from './form-messages.js'
import { hiddenInput } from './hidden-input.js'
import { pageState } from './page-state.js'
import { readRefusal } from './read-refusal.js'
import { requireThat } from './require-that.js'
import { type RoundTripOptions, sendWithTicket } from './send-with-ticket.js'
import { statusRegion } from './status-region.js'
import { readTicketOptions } from './ticket-options.js'

/** Options of {@link guardForm}. */
export type GuardFormOptions = RoundTripOptions & {
  /** Name of the hidden input for the ticket, as the server's `readToken` expects it. Default `'ticket'`. */
  ticketField?: string | undefined
  /** Name of the hidden input for the randstr. Default `'randstr'`. */
  randstrField?: string | undefined
  /**
   * Sends the form in the page's own way, for example with `fetch`, instead of the browser's. The form is busy until the promise
   * settles. When it gives the `Response`, unread (read a `clone()` of it), refusals of the guard are dealt with as in
   * `guardedFetch`.
   */
  onTicket?: ((ticket: CaptchaTicket, submitter: HTMLElement | null) => unknown) | undefined
  /** Texts of the status line; its attributes `data-checking`, `data-failed` and `data-waiting` win. Default: English. */
  messages?: Partial<FormMessages> | undefined
}

/**
 * Puts a challenge before each submission of a form: gets a ticket, fills two hidden inputs and submits (listeners of the page see
 * only that second `submit` event), or calls `onTicket`. Meanwhile the form is `aria-busy`, further submissions are ignored and a
 * polite live region tells what goes on: the form's `[data-captcha-status]` element, or one that is added. Then the focus is
 * back on the button, and the next submission gets a new ticket.
 *
 * @returns a function that takes the guard off the form. Guarding a form again does that first.
 * @throws {TypeError} when the options are wrong, or a visible field of the form has the name of a hidden one.
 */
export function guardForm(form: HTMLFormElement, options: GuardFormOptions): () => void {
  requireThat(form?.nodeName === 'FORM', 'form', form)
  readTicketOptions(options)
  const { onTicket, ticketField = 'ticket', randstrField = 'randstr' } = options
  requireThat(!onTicket || typeof onTicket === 'function', 'onTicket', onTicket)
  fillIn('', '')
  const { forms } = pageState()
  forms.get(form)?.()
  forms.set(form, release)
  // While capturing, so that the page's own listeners never see a submission without a ticket.
  form.addEventListener('submit', onSubmit, true)

  const status = statusRegion(form)
  const texts = { ...formMessages, ...options.messages, ...status.dataset }
  const released = new AbortController()
  let phase: 'idle' | 'busy' | 'passing' = 'idle'
  return release

  function release(): void {
    form.removeEventListener('submit', onSubmit, true)
    if (forms.get(form) === release) forms.delete(form)
    released.abort()
  }

  function onSubmit(event: SubmitEvent): void {
    if (phase === 'passing') return
    event.preventDefault()
    event.stopImmediatePropagation()
    if (phase === 'idle') void submit(event.submitter)
  }

  async function submit(submitter: HTMLElement | null): Promise<void> {
    const send = (ticket: CaptchaTicket) => {
      submitter?.focus()
      if (released.signal.aborted) return undefined
      return onTicket ? onTicket(ticket, submitter) : submitNatively(ticket, submitter)
    }
    let text = ''
    setBusy(true, submitter, texts.checking)
    try {
      const answer = await sendWithTicket({ ...options, onWait }, send, released.signal)
      if (await readRefusal(answer)) text = texts.failed
    } catch (error) {
      submitter?.focus()
      text = texts.failed
      if (!(error instanceof CaptchaCancelledError)) throw error
    } finally {
      setBusy(false, submitter, text)
    }
  }

  function submitNatively({ ticket, randstr }: CaptchaTicket, submitter: HTMLElement | null): void {
    fillIn(ticket, randstr)
    phase = 'passing'
    // A page that renders anew may have replaced the button meanwhile.
    form.requestSubmit((submitter as HTMLButtonElement | null)?.form === form ? submitter : undefined)
  }

  function fillIn(ticket: string, randstr: string): void {
    hiddenInput(form, ticketField).value = ticket
    hiddenInput(form, randstrField).value = randstr
  }

  function setBusy(busy: boolean, submitter: HTMLElement | null, text: string): void {
    phase = busy ? 'busy' : 'idle'
    status.textContent = text
    form.setAttribute('aria-busy', `${busy}`)
    // Not `disabled`: that would take the focus away, and the button's own value out of the submission.
    submitter?.setAttribute('aria-disabled', `${busy}`)
  }

  function onWait(retryAfterMs: number, response: Response): void {
    status.textContent = texts.waiting.replace('{seconds}', `${Math.ceil(retryAfterMs / 1000)}`)
    options.onWait?.(retryAfterMs, response)
  }
}
