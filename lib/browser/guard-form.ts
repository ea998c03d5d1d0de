import { CaptchaCancelledError, type CaptchaTicket } from './captcha-ticket.js'
import { type RoundTripOptions, readRefusal, sendWithTicket } from './guarded-fetch.js'
import { pageState } from './page-state.js'
import { readTicketOptions, requireThat } from './ticket-options.js'

/** Texts of the status line of a guarded form. */
export type FormMessages = {
  /** While the script loads and the challenge is on the screen. Default `'Verifying…'`. */
  checking: string
  /** After a closed challenge, a refusal, or an error of `onTicket`. Default `'Not verified, please try again'`. */
  failed: string
  /** During a wait; `{seconds}` is replaced by its length. Default `'Busy, next try in {seconds} s'`. */
  waiting: string
}

const defaultMessages: FormMessages = {
  checking: 'Verifying…',
  failed: 'Not verified, please try again',
  waiting: 'Busy, next try in {seconds} s',
}

/** Options of {@link guardForm}. */
export type GuardFormOptions = RoundTripOptions & {
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
  /** Texts of the status line; its attributes `data-checking`, `data-failed` and `data-waiting` win. Default: English. */
  messages?: Partial<FormMessages> | undefined
}

/**
 * Puts a challenge before each submission of a form. It gets a ticket, fills two hidden inputs and submits (listeners of the page
 * see only that second `submit` event), or calls `onTicket`. Until then the form is `aria-busy`, further submissions are ignored
 * and a polite live region shows the state: the form's `[data-captcha-status]` element, or one that is added. Afterwards the focus
 * is on the button again, and the next submission gets a new ticket.
 *
 * @returns a function that releases the form. A second call of `guardForm` for the same form releases it first.
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
  // In the capture phase, so that the page's own listeners never see a submission without a ticket.
  form.addEventListener('submit', onSubmit, true)

  const status = statusRegion(form)
  const texts = { ...defaultMessages, ...options.messages, ...status.dataset }
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
    // A page that renders again may have replaced the button.
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
    // Not `disabled`, which would remove the focus, and the button's value from the submission.
    submitter?.setAttribute('aria-disabled', `${busy}`)
  }

  function onWait(retryAfterMs: number, response: Response): void {
    status.textContent = texts.waiting.replace('{seconds}', `${Math.ceil(retryAfterMs / 1000)}`)
    options.onWait?.(retryAfterMs, response)
  }
}

/** Returns the form's hidden input of that name; adds it if missing. Throws rather than overwrite a field that users fill. */
function hiddenInput(form: HTMLFormElement, name: string): HTMLInputElement {
  const existing = form.elements.namedItem(name) as HTMLInputElement | null
  requireThat(!existing || existing.type === 'hidden', 'field name', name)
  return existing ?? form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name }))
}

/** Returns the form's `[data-captcha-status]` element as a polite live region; adds it if missing. */
function statusRegion(form: HTMLFormElement): HTMLElement {
  const existing = form.querySelector<HTMLElement>('[data-captcha-status]')
  const region = existing ?? form.appendChild(document.createElement('div'))
  region.setAttribute('data-captcha-status', '')
  region.setAttribute('aria-live', 'polite')
  return region
}
