/*
 * Gets a ticket for the server, whatever happens to Tencent's script: the client side of the vendor's disaster-recovery document.
 * Plain code, so that every step can be read.
 */

const loadTimeoutMs = 6000
const showTimeoutMs = 12_000

/** @type {Promise<void> | undefined} */
let scriptLoad

/** The visitor closed the challenge: no ticket, and no fallback ticket either. */
export class CancelledError extends Error {}

/**
 * @param {{ captchaAppId: number, scriptUrl: string, nonce: string }} config
 * @returns {Promise<{ ticket: string, randstr: string, errorCode?: number }>} with `errorCode` it is a fallback ticket
 */
export async function requestTicket(config) {
  try {
    // Shared while it runs and when it worked; after a failure the next call tries again.
    scriptLoad ??= loadScript(config)
    await scriptLoad
  } catch {
    scriptLoad = undefined
    return fallbackTicket(config.captchaAppId, 1001)
  }
  return showChallenge(config)
}

/** A blocker may swallow the request without an event, hence the deadline. */
function loadScript({ scriptUrl, nonce }) {
  if (typeof window.TencentCaptcha === 'function') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    const fail = () => {
      clearTimeout(timer)
      script.remove()
      reject(new Error('Tencent’s script did not load'))
    }
    const timer = setTimeout(fail, loadTimeoutMs)
    script.onerror = fail
    script.onload = () => {
      if (typeof window.TencentCaptcha !== 'function') return fail()
      clearTimeout(timer)
      resolve()
    }
    script.nonce = nonce
    script.src = scriptUrl
    document.head.append(script)
  })
}

/** Settles once: the promise ignores whatever the vendor's script calls afterwards. */
function showChallenge({ captchaAppId }) {
  return new Promise((resolve, reject) => {
    // Until the challenge is on the screen; after that the visitor has all the time in the world.
    const timer = setTimeout(() => resolve(fallbackTicket(captchaAppId, 1002)), showTimeoutMs)
    const onVisible = () => clearTimeout(timer)
    const onResult = ({ ret, ticket, randstr, errorCode }) => {
      clearTimeout(timer)
      // The ticket decides, not `ret`: the vendor's own fallback tickets come with `ret` 0 too.
      if (ticket && randstr) resolve(errorCode ? { ticket, randstr, errorCode } : { ticket, randstr })
      else if (ret === 2) reject(new CancelledError('The visitor closed the challenge'))
      else resolve(fallbackTicket(captchaAppId, errorCode ?? 1005))
    }
    try {
      // As a string: the vendor's script throws on a number.
      const options = { enableDarkMode: true, userLanguage: 'en', ready: onVisible, showFn: onVisible }
      new window.TencentCaptcha(String(captchaAppId), onResult, options).show()
    } catch {
      onResult({ errorCode: 1005 })
    }
  })
}

/** In the vendor's format. It is unsigned: the server gives it no more credit than its own evidence allows. */
function fallbackTicket(captchaAppId, errorCode) {
  return {
    ticket: `trerror_${errorCode}_${captchaAppId}_${Math.floor(Date.now() / 1000)}`,
    randstr: `@${Math.random().toString(36).slice(2)}`,
    errorCode,
  }
}
