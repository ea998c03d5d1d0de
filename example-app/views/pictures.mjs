// @ts-check
import { html } from './html.mjs'

export const mark = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9" fill="#2f6b52"/><path d="M4 23 12 10l5 7 3-4 8 10z" fill="#cfe6d8"/><path d="M4 22.5c4-2.5 8 1.5 12 0s8-2 12 0" stroke="#2f6b52" stroke-width="2" fill="none"/><path d="M7 26.5h18" stroke="#cfe6d8" stroke-width="2" stroke-linecap="round"/></svg>`

/** Tea hills above the clouds; the colours come from the style sheet, so that they follow the colour scheme. */
export const hills = html`<svg class="hills" viewBox="0 0 520 300" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
<rect class="sky" width="520" height="300"/>
<circle class="sun" cx="392" cy="84" r="34"/>
<path class="far" d="M0 190 70 122l52 44 74-92 82 96 62-50 74 70 52-34 54 44v110H0Z"/>
<path class="mist" d="M-20 196c70-26 120 14 190-2s120-26 190-6 110 10 180-6v40H-20Z"/>
<path class="mid" d="M0 232c60-44 120-62 190-40s110 52 178 30 98-36 152-10v88H0Z"/>
<path class="mist" d="M-20 246c90-22 150 10 230 0s150-22 330 4v30H-20Z"/>
<path class="near" d="M0 276c80-40 150-44 240-22s180 24 280-8v54H0Z"/>
<g class="rows"><path d="M24 284c60-26 120-30 190-16"/><path d="M70 296c60-20 110-24 180-12"/><path d="M292 284c70 8 130 4 200-16"/><path d="M320 298c60 4 120 0 190-18"/></g>
</svg>`

/**
 * A cup, and the tea in it.
 *
 * @param {string} tea
 */
export function cup(tea) {
  return html`<svg class="cup" viewBox="0 0 160 120" aria-hidden="true">
<path class="steam" d="M66 30c-7-8 7-12 0-21M82 30c-7-8 7-12 0-21M98 30c-7-8 7-12 0-21"/>
<path class="bowl" d="M36 46h92c0 30-16 50-38 52H74C52 96 36 76 36 46Z"/>
<ellipse class="rim" cx="82" cy="46" rx="46" ry="9"/><ellipse cx="82" cy="47" rx="39" ry="6" fill="${tea}"/>
<path class="saucer" d="M46 104h72"/>
</svg>`
}
