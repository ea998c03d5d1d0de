// @ts-check

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that is HTML already. */
class Html {
  /** @param {string} text */
  constructor(text) {
    this.text = text
  }

  toString() {
    return this.text
  }
}

/**
 * A template whose values are escaped, unless they are HTML themselves; lists are joined, `undefined` and `false` are nothing.
 *
 * @param {TemplateStringsArray} strings
 * @param {unknown[]} values
 */
export function html(strings, ...values) {
  return new Html(strings.map((text, index) => text + (index < values.length ? render(values[index]) : '')).join(''))
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function render(value) {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(render).join('')
  if (value === undefined || value === null || value === false) return ''
  return String(value).replace(/[&<>"']/g, (found) => entities[/** @type {keyof typeof entities} */ (found)])
}

/**
 * JSON for a `<script type="application/json">`, which must not end early.
 *
 * @param {unknown} value
 */
export function json(value) {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'))
}
