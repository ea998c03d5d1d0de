// @ts-check

/**
 * What the guard decided, for the "behind the scenes" panel of the demo's pages. A real site keeps this to itself: whether a pass
 * was degraded is worth knowing to an attacker. So nothing is told in production.
 *
 * @param {import('express').Request} req
 * @param {import('express').Response} res
 */
export function explain(req, res) {
  if (!res.app.locals.page.hasSwitchboard || !req.captcha) return undefined
  const { degraded, reason, durationMs } = req.captcha
  return { degraded, reason, durationMs }
}
