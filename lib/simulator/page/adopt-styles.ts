import css from './challenge.css'
import { element } from './elements.js'

/** Adds the script's style sheet to the page. Returns a function that removes it. */
export function adoptStyles(): () => void {
  // A constructed style sheet passes a `style-src` policy; browsers without them get a `<style>` element.
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
    return () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet)
    }
  } catch {
    const style = element('style', '', [css])
    document.head.append(style)
    return () => style.remove()
  }
}
