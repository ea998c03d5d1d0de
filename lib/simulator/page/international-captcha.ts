import type { ScriptParameters } from '../faults.js'
import { adoptStyles } from './adopt-styles.js'
import { type DialogOptions, wantsDark } from './dialog.js'
import { element, icon } from './elements.js'
import { SimulatedCaptcha } from './simulated-captcha.js'
import { chooseTexts } from './texts.js'

interface Result {
  readonly ret: number
  readonly errorCode?: number
}

/** With the interface of the international script: a checkbox in an element of the page, whose tick starts the challenge. */
export class InternationalCaptcha {
  readonly #container: HTMLElement
  readonly #fault: ScriptParameters['fault']
  readonly #options: DialogOptions
  readonly #challenge: SimulatedCaptcha
  #box: HTMLElement | null = null
  #removeStyles = () => {}

  /** `values` are the arguments of the page: element, app id, callback, options. Throws an Error for a string first, as the vendor does. */
  constructor(parameters: ScriptParameters, values: readonly unknown[]) {
    const [container, appId, callback, options] = values
    if ((container as Node | null | undefined)?.nodeType !== 1) {
      throw new Error('The parameter of the constructor of the Captcha is passed incorrectly')
    }
    const settle = (result: Result) => {
      this.#mark(result.ret === 0 && result.errorCode === undefined)
      ;(callback as (result: Result) => void)(result)
    }
    this.#container = container as HTMLElement
    this.#fault = parameters.fault
    this.#options = (options as DialogOptions | undefined) ?? {}
    this.#challenge = new SimulatedCaptcha(parameters, [
      appId,
      typeof callback === 'function' ? settle : callback,
      options,
    ])
  }

  /** Renders the checkbox, unless it is there. */
  show(): void {
    if (this.#box || this.#fault === 'never_ready') return
    const { checkbox } = chooseTexts(this.#options.userLanguage)
    this.#removeStyles = adoptStyles()
    const mark = element('span', 'tjc-tick', [icon('m5 12.5 4.5 4.5L19 7.5', 16, 3)])
    const dark = wantsDark(this.#options.enableDarkMode) ? ' tjc-dark' : ''
    const box = element('div', `tjc-checkbox${dark}`, [mark, checkbox])
    box.tabIndex = 0
    box.role = 'checkbox'
    box.ariaChecked = 'false'
    box.setAttribute('data-captcha-checkbox', '')
    box.addEventListener('click', () => this.#tick())
    box.addEventListener('keydown', (event) => {
      if (event.key !== ' ') return
      event.preventDefault()
      this.#tick()
    })
    this.#container.replaceChildren(box)
    this.#box = box
    this.#challenge.failsByFault()
  }

  /** Renders the checkbox anew, not ticked. */
  reload(): void {
    this.#mark(false)
  }

  /** Removes everything from the page; no callback follows. */
  destroy(): void {
    this.#challenge.destroy()
    this.#box?.remove()
    this.#box = null
    this.#removeStyles()
  }

  #tick(): void {
    if (this.#box?.ariaChecked === 'false') this.#challenge.show()
  }

  #mark(isTicked: boolean): void {
    if (this.#box) this.#box.ariaChecked = String(isTicked)
  }
}
