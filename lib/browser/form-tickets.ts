import { loadCaptchaScript } from './captcha-script.js'
import { type CaptchaTicket, isCancel, ticketFrom, type VendorResult } from './captcha-ticket.js'
import { openChallenge } from './challenge.js'
import { requestTicket } from './request-ticket.js'
import { readSite, readTicketOptions, type TicketOptions } from './ticket-options.js'

/** Where a guarded form has its tickets from. */
export type FormTickets = {
  /** Resolves to a ticket that was not used; calls `onTick` when the user has to tick the checkbox first. Rejects as `requestTicket`. */
  take(onTick: () => void): Promise<CaptchaTicket>
  /** Renders the checkbox anew when its ticket was taken. */
  renewSpent(): void
  /** Removes what is on the page. */
  remove(): void
}

/** The server and Tencent take a ticket for five minutes. */
const longestHoldMs = 240_000
const retryRenewalMs = 60_000

/**
 * Returns the source of a form's tickets: `requestTicket` at each submission for the mainland script; for the international one a
 * checkbox that stands in the form, whose ticket is held until it is taken.
 */
export function formTickets(form: HTMLFormElement, options: TicketOptions): FormTickets {
  let checkbox: Promise<FormTickets | undefined> | undefined
  const prepare = () => {
    checkbox ??= readSite(options).then(
      (site) => (site === 'international' ? checkboxIn(form, options) : undefined),
      (error) => {
        checkbox = undefined
        throw error
      },
    )
    return checkbox
  }
  const mend = (change: 'renewSpent' | 'remove') =>
    void checkbox?.then(
      (box) => box?.[change](),
      () => {},
    )
  // An error is one of the submission, which tries again.
  prepare().catch(() => {})
  return {
    take: async (onTick) => (await prepare())?.take(onTick) ?? requestTicket(options),
    renewSpent: () => mend('renewSpent'),
    remove: () => mend('remove'),
  }
}

/** Renders the checkbox when its place comes near the screen; earlier, it might have no size. */
function checkboxIn(form: HTMLFormElement, options: TicketOptions): FormTickets {
  const element = options.element ?? placeIn(form)
  let rendering: Promise<void> | undefined
  let round = 0
  let close = () => {}
  let timer: ReturnType<typeof setTimeout> | undefined
  let captchaAppId = ''
  let isInChallenge = false
  let held: VendorResult | undefined
  let heldUntilMs = 0
  let waiting: ((result: VendorResult) => void) | undefined

  const start = () => rendering ?? render()

  function render(): Promise<void> {
    end()
    held = undefined
    rendering = renderRound(round)
    // An error is told to the author here, and to the submission that waits for it.
    return rendering
  }

  async function renderRound(ownRound: number): Promise<void> {
    const settings = await readTicketOptions({ ...options, element })
    captchaAppId = settings.captchaAppId
    const failure = await loadCaptchaScript(settings)
    if (ownRound !== round) return
    if (failure) return settle(failure)
    // The first use of an encrypted app id may be its last, and it expires: a new round has a new one.
    timer = setTimeout(renewWhenIdle, longestHoldMs)
    close = openChallenge(
      settings,
      (result) => ownRound === round && settle(result),
      () => {
        isInChallenge = true
      },
    )
  }

  function settle(result: VendorResult): void {
    isInChallenge = false
    // After a genuine pass the vendor's timers may still report a failure.
    if (held && !held.errorCode && result.errorCode) return
    const resolve = waiting
    waiting = undefined
    if (!isCancel(result)) {
      held = result
      // A script that could not be loaded costs no time to try again.
      heldUntilMs = resolve || result.errorMessage === 'jsload_error' ? 0 : Date.now() + longestHoldMs
    }
    resolve?.(result)
  }

  function renewWhenIdle(): void {
    if (isInChallenge || element.contains(document.activeElement)) timer = setTimeout(renewWhenIdle, retryRenewalMs)
    else void render()
  }

  function end(): void {
    round++
    clearTimeout(timer)
    isInChallenge = false
    close()
    close = () => {}
  }

  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return
      observer.disconnect()
      void start()
    },
    { rootMargin: '200px' },
  )
  observer.observe(element)

  return {
    async take(onTick) {
      const result = await new Promise<VendorResult>((resolve, reject) => {
        if (held && Date.now() < heldUntilMs) return resolve(held)
        waiting = resolve
        ;(held ? render() : start()).then(
          () => waiting && onTick(),
          (error) => {
            rendering = undefined
            reject(error)
          },
        )
      })
      heldUntilMs = 0
      return ticketFrom(result, captchaAppId)
    },
    renewSpent() {
      if (held && !heldUntilMs) void render()
    },
    remove() {
      observer.disconnect()
      end()
      held = undefined
      waiting?.({ ret: 2 })
    },
  }
}

/** Returns the form's `[data-captcha-place]`; adds it before the button if missing. */
function placeIn(form: HTMLFormElement): HTMLElement {
  const existing = form.querySelector<HTMLElement>('[data-captcha-place]')
  if (existing) return existing
  const place = document.createElement('div')
  place.dataset.captchaPlace = ''
  const button = form.querySelector('button:not([type=button],[type=reset]),input[type=submit],input[type=image]')
  if (button) button.before(place)
  else form.append(place)
  return place
}
