import { type Html, html } from './html.js'

/** Tea hills above the clouds; the colours come from the style sheet, so that they follow the colour scheme. */
export const hills = html`<svg class="hills" viewBox="0 0 1120 320" preserveAspectRatio="xMaxYMax slice" aria-hidden="true">
<rect class="sky" width="1120" height="320"/>
<circle class="sun" cx="700" cy="84" r="36"/>
<path class="far" d="M250 290 430 196l60 26 110-84 70 52 130-128 96 92 64-44 90 76 70-40v174H250Z"/>
<path class="mist" d="M220 274c110-54 220-44 320-60s220-40 340-14 160 14 260-8v82Z"/>
<path class="mid" d="M150 300c180-8 320-80 450-76s190 50 290 34 150-60 240-58v120H150Z"/>
<path class="mist" d="M-20 300c180-40 320-10 500-20s330-42 480-14 120 8 180-2v60H-20Z"/>
<path class="near" d="M-20 312c220-16 420-4 600-20s300-50 560-28v60H-20Z"/>
<g class="rows"><path d="M640 308c140-8 270-36 420-30"/><path d="M760 316c120-8 220-22 360-20"/></g>
</svg>`

/** A cup of tea of that colour. */
export function cup(tea: string): Html {
  return html`<svg class="cup" viewBox="0 0 160 120" aria-hidden="true">
<path class="steam" d="M66 30c-7-8 7-12 0-21M82 30c-7-8 7-12 0-21M98 30c-7-8 7-12 0-21"/>
<path class="bowl" d="M36 46h92c0 30-16 50-38 52H74C52 96 36 76 36 46Z"/>
<ellipse class="rim" cx="82" cy="46" rx="46" ry="9"/><ellipse cx="82" cy="47" rx="39" ry="6" fill="${tea}"/>
<path class="saucer" d="M46 104h72"/>
</svg>`
}
