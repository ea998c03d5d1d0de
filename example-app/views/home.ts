import { type Html, html } from './html.js'
import { layout } from './layout.js'
import { cup, hills } from './pictures.js'

const teas = [
  { name: 'West Lake Longjing', note: 'Pan-fired green, chestnut and spring grass', price: '¥168', colour: '#b9c66b' },
  { name: 'Anxi Tieguanyin', note: 'Light oolong, orchid and cream', price: '¥98', colour: '#d9b45c' },
  { name: 'Qimen Black', note: 'Red tea, cocoa and dried plum', price: '¥86', colour: '#b0572c' },
]

const tour = [
  {
    title: 'Sign in',
    text: 'Solve the challenge. Tencent’s verdict arrives, and you are verified.',
    href: '/login',
    label: 'Sign in',
  },
  {
    title: 'Break Tencent',
    text: 'On the switchboard, let the API hang. Then sign in again: you still get in, as a degraded pass.',
    href: '/switchboard',
    label: 'Open the switchboard',
  },
  {
    title: 'Write a review',
    text: 'Still broken? Your review is accepted and held, because you could not be checked.',
    href: '/reviews',
    label: 'Write a review',
  },
  {
    title: 'Try to pay',
    text: 'The one route that insists on Tencent’s word. It refuses politely until Tencent is back.',
    href: '/checkout',
    label: 'Go to checkout',
  },
]

/** The front page: the teas and, in development, the tour of the demo. */
export function homePage(locals: Express.Locals): string {
  const content = html`<section class="hero">
  ${hills}
  <div>
    <h1>Tea from above the clouds</h1>
    <p>Small harvests from Zhejiang, Fujian and Anhui, packed the week they are fired.</p>
    <a class="button" href="/checkout">See your basket</a>
  </div>
</section>
${locals.shop.hasSwitchboard && tourSection()}
<section aria-labelledby="teas-title">
  <h2 id="teas-title">This season</h2>
  <ul class="teas">
    ${teas.map(
      ({ name, note, price, colour }) => html`<li class="card">
      <div class="tile">${cup(colour)}</div>
      <div>
        <h3>${name}</h3>
        <p>${note}</p>
        <p class="price"><b>${price}</b> <small>50 g</small></p>
      </div>
    </li>`,
    )}
  </ul>
</section>`
  return layout(locals, { path: '/', title: 'Tea from above the clouds', content })
}

function tourSection(): Html {
  return html`<section aria-labelledby="tour-title">
  <h2 id="tour-title">What this demo shows</h2>
  <p class="lead">A shop that keeps selling while its CAPTCHA provider is down, without opening the door to every bot. Four steps:</p>
  <ol class="tour">
    ${tour.map(
      ({ title, text, href, label }) => html`<li>
      <h3>${title}</h3>
      <p>${text}</p>
      <a href="${href}">${label}</a>
    </li>`,
    )}
  </ol>
</section>`
}

/** The page of a 404. */
export function notFoundPage(locals: Express.Locals): string {
  return messagePage(locals, 'There is no such page', 'The address may be mistyped.')
}

/** The page of any other error. It tells the status alone. */
export function errorPage(locals: Express.Locals, status: number): string {
  return messagePage(locals, 'That did not work', `The shop answered with error ${status}. Please try again.`)
}

function messagePage(locals: Express.Locals, title: string, text: string): string {
  const content = html`<section class="card message"><h1>${title}</h1><p>${text}</p><a class="button" href="/">To the shop</a></section>`
  return layout(locals, { path: '', title, content })
}
