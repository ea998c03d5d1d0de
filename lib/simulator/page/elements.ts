/** Returns a new HTML element of a class. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Name] {
  const node = document.createElement(name)
  node.className = className
  node.append(...children)
  return node
}

/** Returns a new button; `mark` is the data attribute by which tests find it. */
export function button(className: string, mark: string, label: string, content: Node): HTMLButtonElement {
  const node = element('button', className, [content])
  node.type = 'button'
  node.setAttribute(mark, '')
  node.setAttribute('aria-label', label)
  return node
}

/** Returns a new SVG element. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly Node[] = [],
): SVGElementTagNameMap[Name] {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  node.append(...children)
  return node
}

/** Returns a line with round ends, in the current colour by default. */
export function line(d: string, width: number, stroke = 'currentColor'): SVGPathElement {
  const round = { 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }
  return svg('path', { d, fill: 'none', stroke, 'stroke-width': width, ...round })
}

/** Returns an icon of one line on a grid of 24 units, `size` pixels large. */
export function icon(d: string, size: number, width = 2): SVGElement {
  return svg('svg', { viewBox: '0 0 24 24', width: size, height: size, 'aria-hidden': 'true' }, [line(d, width)])
}
