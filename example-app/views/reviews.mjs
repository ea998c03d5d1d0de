// @ts-check
import { decisionPanel } from './decision-panel.mjs'
import { html } from './html.mjs'
import { layout } from './layout.mjs'

const code = `app.post('/reviews', express.json(), guard,
  (req, res) => {
    const { degraded } = req.captcha
    saveReview(req.body, {
      status: degraded ? 'held' : 'published',
    })
  })`

/**
 * @param {import('express').Response} res
 * @param {import('../routes/reviews.mjs').Review[]} reviews
 */
export function reviewsPage(res, reviews) {
  const content = html`<div class="split">
<section class="card">
  <h1>Reviews</h1>
  <ul class="reviews" data-reviews>
    ${reviews.map(
      ({ author, text, isHeld }) => html`<li${isHeld && html` class="held"`}>
      <p class="by"><b>${author}</b>${isHeld && html`<span class="tag warn">Held for review</span>`}</p>
      <p>${text}</p>
    </li>`,
    )}
  </ul>
  <h2>Write one</h2>
  <form action="/reviews" method="post" data-guarded="review">
    <label>Name <input name="author" value="Lin" autocomplete="nickname" maxlength="40" required></label>
    <label>Review <textarea name="text" rows="3" maxlength="500" required placeholder="How was the tea?"></textarea></label>
    <button type="submit">Post review</button>
    <div class="notes">
      <p class="note" data-captcha-status></p>
      <p class="note" data-status role="status"></p>
    </div>
  </form>
</section>
${decisionPanel({
  policy: 'Nobody loses their text in an outage. Reviews of visitors whom Tencent could not check are held for a look.',
  code,
})}
</div>`
  return layout(res, { path: '/reviews', title: 'Reviews', content, script: 'forms.js', hasCaptcha: true })
}
