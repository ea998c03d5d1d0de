import { adoptStyles } from './adopt-styles.js'
import { button, element, icon, line, svg } from './elements.js'
import { chooseTexts, type Texts } from './texts.js'

/** The modal frame on the page. */
export interface Dialog {
  readonly texts: Texts
  readonly card: HTMLElement
  /** Holds a spinner until a challenge is mounted. */
  readonly body: HTMLElement
  /** Removes the frame and its styles, and gives the focus back. */
  remove(): void
}

/** The vendor's options that change the frame. */
export interface DialogOptions {
  /** A language tag; default: the browser's language. */
  readonly userLanguage?: string
  /** `'force'` is always dark, `true` follows the system. */
  readonly enableDarkMode?: boolean | 'force'
}

/** Whether the vendor's option asks for dark colours on this screen. */
export function wantsDark(option: DialogOptions['enableDarkMode']): boolean {
  return option === 'force' || (Boolean(option) && window.matchMedia('(prefers-color-scheme: dark)').matches)
}

function shield(): SVGElement {
  const outline = 'M16 2.5 4.5 6.8v8.4c0 7 4.8 12 11.5 14.3 6.7-2.3 11.5-7.3 11.5-14.3V6.8L16 2.5Z'
  return svg('svg', { viewBox: '0 0 32 32', class: 'tjc-shield', 'aria-hidden': 'true' }, [
    svg('path', { d: outline, fill: 'currentColor' }),
    line('m10.8 16 3.7 3.7 6.9-7.2', 2.6, '#fff'),
  ])
}

function buildHead(texts: Texts, closeButton: HTMLElement): HTMLElement {
  const title = element('h2', 'tjc-title', [texts.title])
  title.id = 'tjc-title'
  const hint = element('p', 'tjc-hint', [texts.hint])
  hint.id = 'tjc-hint'
  return element('div', 'tjc-head', [shield(), element('div', 'tjc-words', [title, hint]), closeButton])
}

const cardAttributes = {
  role: 'dialog',
  'aria-modal': 'true',
  'aria-labelledby': 'tjc-title',
  'aria-describedby': 'tjc-hint',
  'data-captcha-dialog': '',
}

function buildCard(texts: Texts, appId: string, children: readonly [HTMLElement, HTMLElement]): HTMLElement {
  const footParts = [element('span', '', [texts.simulated]), element('span', '', [`ID ${appId}`])]
  const card = element('div', 'tjc-card', [...children, element('p', 'tjc-foot', footParts)])
  for (const [name, value] of Object.entries(cardAttributes)) card.setAttribute(name, value)
  card.setAttribute('data-captcha-app-id', appId)
  card.tabIndex = -1
  return card
}

function keepFocusInside(event: KeyboardEvent, card: HTMLElement): void {
  const stops = [...card.querySelectorAll('button')]
  const last = stops.length - 1
  const at = stops.indexOf(document.activeElement as HTMLButtonElement)
  const backward = at <= 0 ? last : at - 1
  const forward = at === last ? 0 : at + 1
  event.preventDefault()
  stops[event.shiftKey ? backward : forward]?.focus()
}

/** Opens the frame, with a spinner in it; `onClose` is called for the close button and for Escape. */
export function openDialog(appId: string, options: DialogOptions, onClose: () => void): Dialog {
  const texts = chooseTexts(options.userLanguage)
  const focusedBefore = document.activeElement as HTMLElement | null
  const removeStyles = adoptStyles()
  const closeButton = button('tjc-close', 'data-captcha-close', texts.close, icon('M6 6l12 12M18 6 6 18', 18))
  const body = element('div', 'tjc-body', [element('div', 'tjc-loading', [element('div', 'tjc-spinner')])])
  const card = buildCard(texts, appId, [buildHead(texts, closeButton), body])
  const veil = element('div', `tjc-veil${wantsDark(options.enableDarkMode) ? ' tjc-dark' : ''}`, [card])
  veil.setAttribute('data-captcha-veil', '')
  closeButton.addEventListener('click', onClose)
  veil.addEventListener('keydown', (event) => {
    event.stopPropagation()
    if (event.key === 'Escape') onClose()
    if (event.key === 'Tab') keepFocusInside(event, card)
  })
  document.body.append(veil)
  card.focus()
  return {
    texts,
    card,
    body,
    remove() {
      veil.remove()
      removeStyles()
      if (focusedBefore?.isConnected) focusedBefore.focus?.()
    },
  }
}
