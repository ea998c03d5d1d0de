import { requireThat } from './require-that.js'

/** The form's hidden input of that name, added when it has none. A field that users fill must not be overwritten. */
export function hiddenInput(form: HTMLFormElement, name: string): HTMLInputElement {
  const existing = form.elements.namedItem(name)
  if (existing) {
    requireThat((existing as HTMLInputElement).type === 'hidden', 'field name', name)
    return existing as HTMLInputElement
  }
  const input = document.createElement('input')
  input.type = 'hidden'
  input.name = name
  form.append(input)
  return input
}
