import { appendElement } from './append-element.js'
import { bare } from './bare.js'
import { CaptchaCancelledError, type CaptchaTicket } from './captcha-ticket.js'
import { type FormMessages, formMessages } from './form-messages.js'
import { formTickets } from './form-tickets.js'
import { type RoundTripOptions, readRefusal, sendWithTicket } from './guarded-fetch.js'
import { keepInput, restoreInput } from './kept-input.js'
import { pageState } from './page-state.js'
import { completeOptions, requireThat } from './ticket-options.js'

/** Options of {@link guardForm}. */
export type GuardFormOptions = Omit<RoundTripOptions, 'signal'> & {
  /** Name of the hidden input for the ticket, as the server's `readToken` expects it. Default `'ticket'`. */
  ticketField?: string | undefined
  /** Name of the hidden input for the randstr. Default `'randstr'`. */
  randstrField?: string | undefined
  /**
   * Sends the form in place of the browser, for example with `fetch`. The form is busy until the returned promise settles. When
   * that gives the `Response`, unread (read a `clone()` of it), refusals of the guard are repeated as in `guardedFetch`.
   * Default: the browser submits the form.
   */
  onTicket?: ((ticket: CaptchaTicket, submitter: HTMLElement | null) => unknown) | undefined
  /**
   * Texts of the status line; its attributes `data-checking`, `data-tick`, `data-failed` and `data-waiting` win. Default: Chinese
   * where the `lang` of the page, or of a part of it with the form, is Chinese; else English.
   */
  messages?: Partial<FormMessages> | undefined
}

/**
 * Puts a challenge before each submission of a form. It gets a ticket, fills two hidden inputs and submits (listeners of the page
 * see only that second `submit` event), or calls `onTicket`. Until then the form is `aria-busy`, further submissions are ignored
 * and a polite live region shows the state: the form's `[data-captcha-status]` element, or one that is added. Afterwards the focus
 * is where it was, and the next submission gets a new ticket. Submissions with the method `dialog` go to no server and get none.
 *
 * The checkbox of the international script stands in `element`, else in the form's `[data-captcha-place]` element, else before the
 * button. A form that is sent before the user has ticked waits for that.
 *
 * When a refusal leads back to the page (`backToForm` on the server), the form holds again what the user typed, but no passwords and
 * files, and the status line says that it was not verified.
 *
 * @returns a function that releases the form, and removes a challenge that is on the screen for it. A second call of `guardForm` for the same form releases it first.
 * @throws {TypeError} when the options are wrong, or a visible field of the form has the name of a hidden one.
 */
export function guardForm(form: HTMLFormElement, options: GuardFormOptions): () => void {
  requireThat(form && bare(form).submit, 'form', form)
  const { onTicket = submitNatively, ticketField, randstrField } = completeOptions(options)
  const self = bare(form)
  fillIn('', '')
  const { forms } = pageState()
  forms.get(form)?.()
  forms.set(form, release)
  // In the capture phase, so that the page's own listeners never see a submission without a ticket.
  self.addEventListener('submit', onSubmit, true)

  const status = statusRegion(self)
  const texts = { ...formMessages(self.matches(':lang(zh)')), ...options.messages, ...status.dataset }
  const released = new AbortController()
  const { signal } = released
  const take = formTickets(self, { ...options, signal }, () => say(texts.tick))
  let isBusy = false
  let isPassing = false
  if (restoreInput(self)) status.textContent ||= texts.failed
  return release

  function release(): void {
    self.removeEventListener('submit', onSubmit, true)
    released.abort()
  }

  function onSubmit(event: SubmitEvent): void {
    const submitter = event.submitter as HTMLButtonElement | null
    if (isPassing || (submitter?.formMethod || self.method) === 'dialog') return
    event.preventDefault()
    event.stopImmediatePropagation()
    // In a task of its own, because a form whose `submit` event is under way ignores `requestSubmit`.
    setTimeout(submit, 0, submitter)
  }

  async function submit(submitter: HTMLButtonElement | null): Promise<void> {
    if (isBusy) return
    const focused = bare(document).activeElement as HTMLElement | null
    const takeTicket = () => take().finally(() => focused?.focus({ preventScroll: true }))
    const send = (ticket: CaptchaTicket) => (signal.aborted ? undefined : onTicket(ticket, submitter))
    let isFailed: unknown = true
    setBusy(true, submitter, texts.checking)
    try {
      isFailed = await readRefusal(await sendWithTicket(takeTicket, send, signal, onWait))
    } catch (error) {
      if (!(error instanceof CaptchaCancelledError)) throw error
    } finally {
      setBusy(false, submitter, isFailed && !signal.aborted ? texts.failed : '')
    }
  }

  function submitNatively({ ticket, randstr }: CaptchaTicket, submitter: HTMLElement | null): void {
    fillIn(ticket, randstr)
    keepInput(self)
    isPassing = true
    // A page that renders again may have replaced the button.
    self.requestSubmit((submitter as HTMLButtonElement | null)?.form === form ? submitter : undefined)
  }

  function fillIn(ticket: string, randstr: string): void {
    hiddenInput(self, ticketField).value = ticket
    hiddenInput(self, randstrField).value = randstr
  }

  function setBusy(busy: boolean, submitter: HTMLElement | null, text: string): void {
    isBusy = busy
    isPassing = false
    say(text)
    self.setAttribute('aria-busy', `${busy}`)
    // Not `disabled`, which would remove the focus, and the button's value from the submission.
    submitter?.setAttribute('aria-disabled', `${busy}`)
  }

  function say(text: string): void {
    status.textContent = text
  }

  function onWait(retryAfterMs: number, response: Response): void {
    say(texts.waiting.replace('{seconds}', `${retryAfterMs / 1000}`))
    options.onWait?.(retryAfterMs, response)
  }
}

/** Returns the form's hidden input of that name; adds it if missing. Throws rather than overwrite a field that users fill. */
function hiddenInput(form: HTMLFormElement, name: string): HTMLInputElement {
  const existing = form.elements.namedItem(name) as HTMLInputElement | null
  requireThat(!existing || existing.type === 'hidden', 'field name', name)
  return existing ?? appendElement(form, 'input', { type: 'hidden', name, autocomplete: 'off' })
}

/** Returns the form's `[data-captcha-status]` element as a polite live region; adds it if missing. */
function statusRegion(form: HTMLFormElement): HTMLElement {
  const region = form.querySelector<HTMLElement>('[data-captcha-status]') ?? appendElement(form, 'div')
  region.dataset.captchaStatus = ''
  region.setAttribute('aria-live', 'polite')
  return region
}
