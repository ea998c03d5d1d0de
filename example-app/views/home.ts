import type { Say } from '../say.js'
import { type Html, html } from './html.js'
import { layout } from './layout.js'
import { cup, hills } from './pictures.js'

const teas = (say: Say) => [
  {
    name: say('West Lake Longjing', '西湖龙井'),
    note: say('Pan-fired green, chestnut and spring grass', '炒青绿茶，栗香与春草气息'),
    price: '¥168',
    colour: '#b9c66b',
  },
  {
    name: say('Anxi Tieguanyin', '安溪铁观音'),
    note: say('Light oolong, orchid and cream', '清香乌龙，兰花与奶香'),
    price: '¥98',
    colour: '#d9b45c',
  },
  {
    name: say('Qimen Black', '祁门红茶'),
    note: say('Red tea, cocoa and dried plum', '红茶，可可与梅子香'),
    price: '¥86',
    colour: '#b0572c',
  },
]

const tour = (say: Say) => [
  {
    title: say('Sign in', '登录'),
    text: say(
      'Solve the challenge. Tencent’s verdict arrives, and you are verified.',
      '完成验证，腾讯云给出结果，您即通过核验。',
    ),
    href: '/login',
    label: say('Sign in', '登录'),
  },
  {
    title: say('Break Tencent', '制造故障'),
    text: say(
      'On the switchboard, let the API hang. Then sign in again: you still get in, as a degraded pass.',
      '在控制台让接口挂起，再次登录：您仍可进入，但属于降级放行。',
    ),
    href: '/switchboard',
    label: say('Open the switchboard', '打开控制台'),
  },
  {
    title: say('Write a review', '写评价'),
    text: say(
      'Still broken? Your review is accepted and held, because you could not be checked.',
      '故障未恢复？评价会被收下并暂存，因为暂时无法核验您。',
    ),
    href: '/reviews',
    label: say('Write a review', '写评价'),
  },
  {
    title: say('Try to pay', '尝试付款'),
    text: say(
      'The one route that insists on Tencent’s word. It refuses politely until Tencent is back.',
      '唯一必须由腾讯云核验的路由，恢复之前会礼貌地拒绝。',
    ),
    href: '/checkout',
    label: say('Go to checkout', '去结算'),
  },
]

/** The front page: the teas and, in development, the tour of the demo. */
export function homePage(locals: Express.Locals): string {
  const { say } = locals
  const content = html`<section class="hero">
  ${hills}
  <div>
    <h1>${say('Tea from above the clouds', '云上好茶')}</h1>
    <p>${say(
      'Small harvests from Zhejiang, Fujian and Anhui, packed the week they are fired.',
      '来自浙江、福建与安徽的小批量采摘，制成当周即装。',
    )}</p>
    <a class="button" href="/checkout">${say('See your basket', '查看购物篮')}</a>
  </div>
</section>
${locals.shop.hasSwitchboard && tourSection(say)}
<section aria-labelledby="teas-title">
  <h2 id="teas-title">${say('This season', '当季')}</h2>
  <ul class="teas">
    ${teas(say).map(
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
  return layout(locals, { path: '/', title: say('Tea from above the clouds', '云上好茶'), content })
}

function tourSection(say: Say): Html {
  return html`<section aria-labelledby="tour-title">
  <h2 id="tour-title">${say('What this demo shows', '本演示的内容')}</h2>
  <p class="lead">${say(
    'A shop that keeps selling while its CAPTCHA provider is down, without opening the door to every bot. Four steps:',
    '验证码服务中断时，商店照常营业，又不向机器人敞开大门。四步体验：',
  )}</p>
  <ol class="tour">
    ${tour(say).map(
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
  const { say } = locals
  return messagePage(
    locals,
    say('There is no such page', '页面不存在'),
    say('The address may be mistyped.', '地址可能有误。'),
  )
}

/** The page of any other error. It tells the status alone. */
export function errorPage(locals: Express.Locals, status: number): string {
  const { say } = locals
  return messagePage(
    locals,
    say('That did not work', '操作失败'),
    say(`The shop answered with error ${status}. Please try again.`, `商店返回错误 ${status}，请重试。`),
  )
}

function messagePage(locals: Express.Locals, title: string, text: string): string {
  const content = html`<section class="card message"><h1>${title}</h1><p>${text}</p><a class="button" href="/">${locals.say('To the shop', '返回首页')}</a></section>`
  return layout(locals, { path: '', title, content })
}
