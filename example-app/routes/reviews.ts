import { Router } from 'express'
import type { CaptchaGuard, CaptchaVerdict } from 'tencent-captcha-guard'
import * as v from 'valibot'
import { explain, formPage } from '../views/form-page.js'
import { html } from '../views/html.js'
import type { Review } from '../wire.js'

const maxReviews = 30
const text = (maxLength: number) => v.pipe(v.string(), v.maxLength(maxLength), v.trim(), v.nonEmpty())
const reviewSchema = v.object({ author: text(40), text: text(500) })

/** The shop's reviews, newest first, in memory. */
export class ReviewBook {
  #reviews: Review[] = [
    { author: 'Chen Y.', text: 'The Longjing tastes like the hills smelled in April. Ordered again.', isHeld: false },
    { author: 'Marta', text: 'Arrived in four days, well packed. The oolong is worth every fen.', isHeld: false },
  ]
  /** The held review of each verdict. Weak: the entry goes when the guard no longer keeps the verdict. */
  readonly #held = new WeakMap<CaptchaVerdict, Review>()

  get all(): readonly Review[] {
    return this.#reviews
  }

  /** Publishes the review of a verified visitor, and holds every other one. */
  add(content: v.InferOutput<typeof reviewSchema>, verdict: CaptchaVerdict | undefined): Review {
    const review = { ...content, isHeld: verdict?.degraded !== false }
    this.#reviews = [review, ...this.#reviews].slice(0, maxReviews)
    if (verdict && review.isHeld) this.#held.set(verdict, review)
    return review
  }

  /** Publishes the review that was held with this verdict when Tencent's late answer is that the visitor was genuine; else drops it. */
  settle(verdict: CaptchaVerdict, isGenuine: boolean): void {
    const review = this.#held.get(verdict)
    this.#reviews = this.#reviews.flatMap((other) => {
      if (other !== review) return [other]
      return isGenuine ? [{ ...other, isHeld: false }] : []
    })
  }
}

/** A route that lets degraded passes in and treats them differently: verified visitors publish at once, others wait for review. */
export function reviewRoutes(guard: CaptchaGuard, reviews: ReviewBook): Router {
  const router = Router()

  router.get('/reviews', (_req, res) => res.send(reviewsPage(res.locals, reviews.all)))

  router.post('/reviews', guard, (req, res) => {
    const content = v.safeParse(reviewSchema, req.body)
    if (!content.success) {
      const title = res.locals.say(
        'A review needs a name and at most 500 characters of text',
        '评价需要署名，正文不超过 500 字',
      )
      res.status(400).json({ title })
      return
    }
    const review = reviews.add(content.output, req.captcha)
    res.status(201).json({ ...review, explanation: explain(req, res) })
  })

  return router
}

function reviewsPage(locals: Express.Locals, reviews: readonly Review[]): string {
  const { say } = locals
  return formPage(locals, {
    path: '/reviews',
    title: say('Reviews', '评价'),
    intro: html`<h1>${say('Reviews', '评价')}</h1>
  <ul class="reviews" data-reviews>
    ${reviews.map(
      ({ author, text, isHeld }) => html`<li${isHeld && html` class="held"`}>
      <p class="by"><b>${author}</b>${isHeld && html`<span class="tag" data-tone="warn">${say('Held for review', '待审核')}</span>`}</p>
      <p>${text}</p>
    </li>`,
    )}
  </ul>
  <h2>${say('Write one', '写评价')}</h2>`,
    fields: html`<label>${say('Name', '署名')} <input name="author" value="Lin" autocomplete="nickname" maxlength="40" required></label>
    <label>${say('Review', '评价')} <textarea name="text" rows="3" maxlength="500" required placeholder="${say('How was the tea?', '茶的味道如何？')}"></textarea></label>`,
    button: say('Post review', '发表评价'),
    policy: say(
      'No visitor loses a text in an outage. Reviews of visitors whom Tencent could not check are held for a look.',
      '中断期间也不会丢失访客的文字。腾讯云无法核验的评价会暂存待审。',
    ),
    code: `app.post('/reviews', express.json(), guard,
  (req, res) => {
    const { degraded } = req.captcha
    saveReview(req.body, {
      status: degraded ? 'held' : 'published',
    })
  })`,
  })
}
