import { appendElement } from './append-element.js'
import { loadCaptchaScript } from './captcha-script.js'
import { type CaptchaTicket, isCancel, ticketFrom, type VendorResult } from './captcha-ticket.js'
import { openChallenge } from './challenge.js'
import { requestTicket } from './request-ticket.js'
import { isInternational } from './sites.js'
import { readSite, readTicketOptions, type TicketOptions } from './ticket-options.js'

type FormTicketOptions = TicketOptions & { signal: AbortSignal }
/** Resolves to a ticket that was not used. Rejects as `requestTicket`. */
type TakeTicket = () => Promise<CaptchaTicket>

/** The server and Tencent take a ticket for five minutes. */
const longestHoldMs = 240_000

/**
 * Returns the source of a form's tickets: `requestTicket` at each submission for the mainland script; for the international one a
 * checkbox that stands in the form until `signal` is aborted, and whose ticket is held until it is taken. `onTick` is called when
 * the user has to tick the checkbox first.
 */
export function formTickets(form: HTMLFormElement, options: FormTicketOptions, onTick: () => void): TakeTicket {
  let take: TakeTicket | undefined
  const prepare = async () => {
    if (take) return take
    const site = await readSite(options)
    take ??=
      isInternational(site) && !options.signal.aborted
        ? checkboxIn(form, options, onTick)
        : () => requestTicket(options)
    return take
  }
  // An error is one of the submission, which tries again.
  prepare().catch(() => {})
  return async () => (await prepare())()
}

/** Renders the checkbox when its place comes near the screen; earlier, it might have no size. */
function checkboxIn(form: HTMLFormElement, options: FormTicketOptions, onTick: () => void): TakeTicket {
  const element = options.element ?? placeIn(form)
  let rendering: Promise<void> | undefined
  let round = 0
  let close = () => {}
  let captchaAppId: number | string = ''
  let isInChallenge = false
  let held: VendorResult | undefined
  let staleAtMs = Number.POSITIVE_INFINITY
  let waiting: ((result: VendorResult) => void) | undefined

  /** An error is told to the author here, and to the submission that waits for it. */
  function renew(): Promise<void> {
    rendering = render().catch((error) => {
      rendering = undefined
      throw error
    })
    return rendering
  }

  async function render(): Promise<void> {
    end()
    const ownRound = round
    // The first use of an encrypted app id may be its last, and it expires: a new round has a new one.
    staleAtMs = Date.now() + longestHoldMs
    const settings = await readTicketOptions({ ...options, element })
    captchaAppId = settings.captchaAppId
    const failure = await loadCaptchaScript(settings)
    if (ownRound !== round) return
    if (failure) return settle(failure)
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
    if (!isCancel(result)) {
      held = result
      staleAtMs = Date.now() + longestHoldMs
    }
    waiting?.(result)
    waiting = undefined
  }

  function end(): void {
    round++
    close()
    close = () => {}
    isInChallenge = false
    held = undefined
  }

  const timer = setInterval(() => {
    if (Date.now() > staleAtMs && !isInChallenge && !element.contains(document.activeElement)) void renew()
  }, 1000)
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return
      observer.disconnect()
      void (rendering ?? renew())
    },
    { rootMargin: '200px' },
  )
  observer.observe(element)
  options.signal.addEventListener('abort', () => {
    clearInterval(timer)
    observer.disconnect()
    end()
    waiting?.({ ret: 2 })
  })

  return async () => {
    let result = held
    // A script that could not be loaded costs no time to try again.
    if (!result || Date.now() > staleAtMs || result.errorMessage === 'jsload_error') {
      const answer = new Promise<VendorResult>((resolve) => {
        waiting = resolve
      })
      await (result ? renew() : (rendering ?? renew()))
      if (waiting) onTick()
      result = await answer
    }
    if (held) staleAtMs = 0
    return ticketFrom(result, captchaAppId)
  }
}

/** Returns the form's `[data-captcha-place]`; adds it before the button if missing. */
function placeIn(form: HTMLFormElement): HTMLElement {
  const existing = form.querySelector<HTMLElement>('[data-captcha-place]')
  if (existing) return existing
  const place = appendElement(form, 'div')
  place.dataset.captchaPlace = ''
  form.querySelector('[type=submit],[type=image],button:not([type])')?.before(place)
  return place
}
