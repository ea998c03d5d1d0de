import { bare } from './bare.js'

/** Appends a new element with these properties. */
export function appendElement<Tag extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: Tag,
  properties?: Partial<HTMLElementTagNameMap[Tag]>,
): HTMLElementTagNameMap[Tag] {
  return parent.appendChild(Object.assign(bare(document).createElement(tag), properties))
}
