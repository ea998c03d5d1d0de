// @ts-check
import { Router } from 'express'
import { explain } from '../explain.mjs'
import { reviewsPage } from '../views/reviews.mjs'

const maxReviews = 30

/**
 * @typedef {object} Review
 * @property {string} author
 * @property {string} text
 * @property {boolean} isHeld waits for a person, or for Tencent's late answer, to look at it
 */

/** The shop's reviews, newest first, in memory. */
export class ReviewBook {
  /** @type {Review[]} */
  #reviews = [
    { author: 'Chen Y.', text: 'The Longjing tastes like the hills smelled in April. Ordered again.', isHeld: false },
    { author: 'Marta', text: 'Arrived in four days, well packed. The oolong is worth every fen.', isHeld: false },
  ]
  /**
   * Which review waits for which verdict. Weak: a verdict that nobody holds any more needs no entry.
   * @type {WeakMap<object, Review>}
   */
  #held = new WeakMap()

  get all() {
    return this.#reviews
  }

  /**
   * @param {Pick<Review, 'author' | 'text'>} review
   * @param {import('tencent-captcha-guard').CaptchaVerdict} verdict
   */
  add(review, verdict) {
    const added = { ...review, isHeld: verdict.degraded }
    this.#reviews.unshift(added)
    this.#reviews.length = Math.min(this.#reviews.length, maxReviews)
    if (added.isHeld) this.#held.set(verdict, added)
    return added
  }

  /**
   * Tencent answered late: publishes the review, or drops it.
   *
   * @param {object} verdict
   * @param {boolean} isGenuine
   */
  settle(verdict, isGenuine) {
    const review = this.#held.get(verdict)
    if (review === undefined) return
    review.isHeld = false
    if (!isGenuine) this.#reviews = this.#reviews.filter((other) => other !== review)
  }
}

/**
 * A route that lets degraded passes in and treats them differently: verified visitors publish at once, others wait for review.
 *
 * @param {import('tencent-captcha-guard').CaptchaGuard} guard
 * @param {ReviewBook} reviews
 */
export function reviewRoutes(guard, reviews) {
  const router = Router()

  router.get('/reviews', (_req, res) => res.send(reviewsPage(res, reviews.all)))

  router.post('/reviews', guard, (req, res) => {
    const { author, text } = req.body ?? {}
    if (!isText(author, 40) || !isText(text, 500)) {
      return res.status(400).json({ title: 'A review needs a name and at most 500 characters of text' })
    }
    // The guard has set it: without one the request had not come this far.
    const verdict = /** @type {import('tencent-captcha-guard').CaptchaVerdict} */ (req.captcha)
    const review = reviews.add({ author: author.trim(), text: text.trim() }, verdict)
    res.status(201).json({ ...review, explanation: explain(req, res) })
  })

  return router
}

/**
 * @param {unknown} value
 * @param {number} maxLength
 * @returns {value is string}
 */
function isText(value, maxLength) {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength
}
