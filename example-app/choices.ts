import { type Request, Router } from 'express'
import type { CaptchaGuard } from 'tencent-captcha-guard'
import type { Simulator } from 'tencent-captcha-guard/simulator'
import { type Language, sayIn } from './say.js'

/** What a page needs to ask for tickets. Nothing of it is secret. */
export type CaptchaPage = CaptchaGuard['page']

const known = { language: ['en', 'zh'], script: ['mainland', 'international'] }

/**
 * Reads what the visitor has chosen, from cookies: the language, else as the browser asks, and in the simulation whose script the pages
 * load. `/choose` sets them.
 */
export function visitorChoices(captcha: CaptchaPage, simulator: Simulator | undefined): Router {
  const router = Router()

  router.get('/choose', (req, res) => {
    for (const [name, values] of Object.entries(known)) {
      const value = values.find((value) => value === req.query[name])
      if (value) res.cookie(name, value, { sameSite: 'lax', httpOnly: true, maxAge: 365 * 86_400_000 })
    }
    // A path of this shop, whatever the query says.
    const back = new URL(String(req.query.back), 'http://localhost')
    res.redirect(303, back.pathname.replace(/^\/+/, '/'))
  })

  router.use((req, res, next) => {
    const language = chosen(req, 'language') ?? req.acceptsLanguages('en', 'zh') ?? 'en'
    res.locals.language = language as Language
    res.locals.say = sayIn(res.locals.language)
    res.locals.captcha = captchaPage(req, captcha, simulator)
    res.vary('Accept-Language').vary('Cookie')
    next()
  })
  return router
}

function captchaPage(req: Request, captcha: CaptchaPage, simulator: Simulator | undefined): CaptchaPage {
  if (!simulator || chosen(req, 'script') !== 'international') return captcha
  return { ...captcha, site: 'international', scriptUrl: simulator.internationalScriptUrl }
}

function chosen(req: Request, name: keyof typeof known): string | undefined {
  const value = new RegExp(`(?:^|; )${name}=([a-z]+)`).exec(req.headers.cookie ?? '')?.[1]
  return known[name].find((other) => other === value)
}

/** The address that makes a choice and leads back to the page. */
export function choice(name: keyof typeof known, value: string, back: string): string {
  return `/choose?${new URLSearchParams({ [name]: value, back })}`
}
