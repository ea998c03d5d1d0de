import { attackTexts } from '../attack-texts.js'
import type { Language } from '../say.js'
import { attackIds } from '../wire.js'
import { type Html, html } from './html.js'

/** The attacks, none of them run; `page/attacks.ts` runs them. */
export function attacksSection(language: Language): Html {
  const texts = attackTexts[language]
  return html`<section class="card attacks" aria-labelledby="attacks-title" data-attacks>
  <div class="board-head">
    <h2 id="attacks-title">${texts.title}</h2>
    <button type="button" data-run-all>${texts.runAll}</button>
  </div>
  <p class="hint">${texts.lead}</p>
  <ol>
    ${attackIds.map((id) => {
      const { title, what } = texts.attacks[id]
      return html`<li data-attack-id="${id}">
      <h3>${title}</h3>
      <p class="hint">${what}</p>
      <button type="button" class="quiet" data-run aria-label="${texts.run}: ${title}">${texts.run}</button>
      <div class="outcome" role="status" data-report></div>
    </li>`
    })}
  </ol>
  <p class="hint">${texts.elsewhere}</p>
</section>`
}
