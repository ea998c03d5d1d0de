import type { CaptchaOptions } from '../../lib/browser/index.js'

export type FakeChallenge = {
  args: unknown[]
  options: CaptchaOptions
  answer(result: unknown): void
  shown: boolean
  destroyed: boolean
}

export type FakeVendor = { challenges: FakeChallenge[] }

type Script = { onConstruct?: (challenge: FakeChallenge) => void; onShow?: (challenge: FakeChallenge) => void }

/** Puts a constructor with the vendor's interface on `window`; the test calls back in place of the vendor. */
export function installFakeVendor(script: Script = {}): FakeVendor {
  const challenges: FakeChallenge[] = []
  class TencentCaptcha {
    private readonly challenge: FakeChallenge
    constructor(...args: unknown[]) {
      const [captchaAppId, callback, options] = typeof args[0] === 'string' ? args : args.slice(1)
      if (typeof captchaAppId !== 'string') throw new Error('the app id must be a string')
      this.challenge = {
        args,
        options: options as CaptchaOptions,
        answer: callback as (result: unknown) => void,
        shown: false,
        destroyed: false,
      }
      script.onConstruct?.(this.challenge)
      challenges.push(this.challenge)
    }
    show() {
      this.challenge.shown = true
      script.onShow?.(this.challenge)
    }
    destroy() {
      this.challenge.destroyed = true
    }
  }
  Object.assign(window, { TencentCaptcha })
  return { challenges }
}

export function vendorTags(): HTMLScriptElement[] {
  return [...document.querySelectorAll<HTMLScriptElement>('script[src]')]
}

/** Removes from the page what earlier tests have put there. */
export function freshPage(): void {
  document.head.replaceChildren()
  document.body.replaceChildren()
  Reflect.deleteProperty(window, 'TencentCaptcha')
  // jsdom has no such method.
  Object.assign(performance, { getEntriesByName: () => [] })
  for (const key of Object.getOwnPropertySymbols(window)) {
    if (key.description?.startsWith('tencent-captcha-guard')) Reflect.deleteProperty(window, key)
  }
}

export const solved = { ret: 0, ticket: 'tr03abc*', randstr: '@Vki', appid: '199999164', bizState: undefined }
