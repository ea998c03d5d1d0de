import { type Language, sayIn } from '../say.js'
import type { Tone } from '../wire.js'

export const pageLanguage: Language = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en'

/** Chooses the text in the page's language. */
export const say = sayIn(pageLanguage)

/** Returns the first match, which the page is known to have. Throws when it has none: then page and script do not fit together. */
export function find<Found extends HTMLElement>(selector: string, root: ParentNode = document): Found {
  const found = root.querySelector<Found>(selector)
  if (!found) throw new Error(`There is no ${selector}`)
  return found
}

/** Returns a new element; its text is escaped by the DOM. */
export function element(name: string, text: string, className = ''): HTMLElement {
  const node = document.createElement(name)
  node.textContent = text
  if (className) node.className = className
  return node
}

export function tag(text: string, tone: Tone): HTMLElement {
  const node = element('span', text, 'tag')
  node.dataset.tone = tone
  return node
}

/** Writes only when the text has changed, so that a selection survives and screen readers stay quiet. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}
