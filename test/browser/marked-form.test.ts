import { expect, test } from '@jest/globals'
import { backToForm } from '../../lib/index.js'
import { browserSuite, inChromium, solve, stopClock, type Visit, type VisitOptions } from './browser-suite.js'

// The tool turns the back and forward cache off by default.
const { visit } = browserSuite({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })

const open = (body: string, options: VisitOptions = {}, lang = 'en') =>
  visit({
    prepare(site) {
      site.page.html = `<!doctype html><html lang="${lang}"><title>Forms</title>
        <script src="/captcha/captcha-guard.js"></script>${body}`
    },
    ...options,
  })

const form = '<form method="post" action="/login" data-captcha><input name="user"><button>Go</button></form>'
const statusText = ({ page }: Visit) => page.textContent('[data-captcha-status]')
const waitForStatus = ({ page }: Visit, text: string) =>
  page.waitForFunction((wanted) => document.querySelector('[data-captcha-status]')?.textContent === wanted, text)

// A page from that cache has no `load` event.
const goBack = ({ page }: Visit) => page.goBack({ waitUntil: 'commit' })
const verified = expect.objectContaining({ reason: 'verified' })

inChromium('A form with attributes alone', () => {
  test('has a fresh encrypted app id for each ticket, where the vendor enforces it', async () => {
    const here = await open(form, { enforceAidEncrypted: true })
    const used: unknown[] = []
    here.page.on('request', (request) => {
      if (request.url().endsWith('/ticket')) used.push(request.postDataJSON().aidEncrypted)
    })
    for (let sent = 1; sent <= 2; sent++) {
      await here.page.click('button')
      await solve(here)
      await here.page.waitForSelector('h1')
      await here.page.goto(here.site.origin)
    }
    expect(here.site.decisions).toEqual([verified, verified])
    expect(new Set(used).size).toBe(2)
  })

  test('without an encrypted app id that the vendor enforces gets a fallback ticket, as at the vendor', async () => {
    const here = await open('<form method="post" action="/login"><button>Go</button></form>', {
      enforceAidEncrypted: true,
    })
    const { captchaAppId, scriptUrl } = here.site.simulator
    await here.page.evaluate(
      (options) => {
        const kit = (window as never as { CaptchaGuard: typeof import('../../lib/browser/index.js') }).CaptchaGuard
        kit.guardForm(document.querySelector('form') as HTMLFormElement, options)
      },
      { captchaAppId, scriptUrl },
    )
    await here.page.click('button')
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toMatchObject([{ reason: 'client_fallback', clientErrorCode: 1006 }])
  })

  test.each([
    ['zh-CN', '验证中…', '验证未通过，请重试'],
    ['ZH', '验证中…', '验证未通过，请重试'],
    ['de', 'Verifying…', 'Not verified, please try again'],
    ['', 'Verifying…', 'Not verified, please try again'],
  ])('has its texts in the language of a page in "%s"', async (lang, checking, failed) => {
    const here = await open(form, {}, lang)
    await here.page.click('button')
    await here.page.waitForSelector('[data-captcha-solve]')
    expect(await statusText(here)).toBe(checking)
    await here.page.click('[data-captcha-close]')
    await waitForStatus(here, failed)
  })

  test('has its texts in the language of the part of the page that it is in, or in that of its attributes', async () => {
    const here = await open(
      `<section lang="zh">${form}</section>
      <form data-captcha id="own"><button>Los</button><p data-captcha-status data-checking="Prüfung …" data-failed="Nicht geprüft"></p></form>`,
    )
    await here.page.click('section button')
    await here.page.waitForSelector('[data-captcha-solve]')
    expect(await here.page.textContent('section [data-captcha-status]')).toBe('验证中…')
    await here.page.click('[data-captcha-close]')
    await here.page.click('#own button')
    await here.page.waitForSelector('[data-captcha-solve]')
    expect(await here.page.textContent('#own [data-captcha-status]')).toBe('Prüfung …')
  })

  test('is found with its app id in its attributes where there is no config.json', async () => {
    const here = await open('', {
      prepare(site) {
        const { captchaAppId, scriptUrl } = site.simulator
        site.page.html = `<!doctype html><html lang="en"><title>Forms</title>
          <script src="/captcha/captcha-guard.js" data-captcha-script-url="${scriptUrl}"></script>
          <form method="post" action="/login" data-captcha-app-id="${captchaAppId}"><button>Go</button></form>`
      },
    })
    await here.page.route('**/config.json', (route) => route.fulfill({ status: 404, body: 'not found' }))
    await here.page.click('button')
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })
})

inChromium('A page that comes back', () => {
  test('from the back and forward cache is usable, and sends no ticket twice', async () => {
    const here = await open(form)
    await here.page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => {
        document.title = `persisted: ${persisted}`
      })
    })
    await here.page.fill('input', 'ann')
    for (let sent = 1; sent <= 2; sent++) {
      await here.page.click('button')
      await solve(here)
      await here.page.waitForURL('**/login')
      await goBack(here)
      expect(await here.page.title()).toBe('persisted: true')
      expect(await here.page.getAttribute('form', 'aria-busy')).toBe('false')
      expect(await here.page.inputValue('input[name=user]')).toBe('ann')
    }
    expect(here.site.decisions).toEqual([verified, verified])
    expect(new Set(here.site.posts.map(({ fields }) => fields.ticket)).size).toBe(2)
  })

  test('gives a challenge in the background all the time until the page is seen, and then the usual time', async () => {
    const here = await open(form, { fault: 'never_ready' })
    await stopClock(here)
    await here.page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true })
    })
    await here.page.click('button')
    await here.page.clock.runFor(1)
    await here.page.waitForFunction(() => 'TencentCaptcha' in window)
    await here.page.clock.runFor(30_000)
    await here.page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: false })
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    })
    await here.page.clock.runFor(11_999)
    await here.page.evaluate(() => fetch('/'))
    expect(here.site.posts).toEqual([])
    await here.page.clock.runFor(1)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toMatchObject([{ reason: 'client_fallback', clientErrorCode: 1002 }])
  })
})

inChromium('A refused form post with backToForm', () => {
  const fields = `<input name="user"><input name="password" type="password"><input name="code" autocomplete="one-time-code">
    <textarea name="text"></textarea><label><input type="checkbox" name="news"> News</label>
    <select name="tea"><option>green</option><option>black</option></select>`
  const page = `<form method="post" action="/login" data-captcha>${fields}<button>Go</button></form>`
  const guard = { onRefused: backToForm() }

  async function fill({ page }: Visit): Promise<void> {
    await page.fill('[name=user]', 'ann')
    await page.fill('[name=password]', 'longjing')
    await page.fill('[name=code]', '123456')
    await page.fill('textarea', 'Two cups,\n<b>hot</b>')
    await page.check('[name=news]')
    await page.selectOption('select', 'black')
  }

  const values = ({ page }: Visit) =>
    page.evaluate(() => {
      const { elements } = document.querySelector('form') as HTMLFormElement
      const of = (name: string) => elements.namedItem(name) as HTMLInputElement
      return [...['user', 'password', 'code', 'text', 'tea'].map((name) => of(name).value), of('news').checked]
    })

  test('is on its page again with a message and what the user typed, but no secrets, and can be sent', async () => {
    const here = await open(page, { guard }, 'zh')
    await here.page.goto(`${here.site.origin}/form?next=cart`)
    await fill(here)
    here.site.simulator.setFault({ kind: 'captcha_code', code: 15 })
    await here.page.click('button')
    await solve(here)
    await waitForStatus(here, '验证未通过，请重试')
    expect(here.page.url()).toBe(`${here.site.origin}/form?next=cart`)
    expect(await values(here)).toEqual(['ann', '', '', 'Two cups,\n<b>hot</b>', 'black', true])
    expect(await here.page.evaluate(() => sessionStorage.length)).toBe(0)
    here.site.simulator.setFault(null)
    await here.page.click('button')
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })

  test('leaves another form of the page, and a later visit, alone', async () => {
    const here = await open(
      `${page}<form method="post" action="/other" data-captcha id="other"><input name="user"></form>`,
      { guard },
    )
    await fill(here)
    here.site.simulator.setFault({ kind: 'captcha_code', code: 15 })
    await here.page.click('button')
    await solve(here)
    await waitForStatus(here, 'Not verified, please try again')
    expect(await here.page.inputValue('#other input')).toBe('')
    expect(await here.page.textContent('#other [data-captcha-status]')).toBe('')
    await here.page.reload()
    expect(await here.page.inputValue('[name=user] >> nth=0')).toBe('')
  })

  test('is on its page again without JavaScript, whose address holds what the server is to show', async () => {
    const here = await open(page, { guard, context: { javaScriptEnabled: false } })
    await here.page.goto(`${here.site.origin}/form`)
    await here.page.fill('[name=user]', 'ann')
    await here.page.click('button')
    await here.page.waitForURL(`${here.site.origin}/form?captcha=captcha_required`)
    expect(await here.page.textContent('button')).toBe('Go')
    // The browser's own way back has the input.
    await goBack(here)
    expect(await here.page.inputValue('[name=user]')).toBe('ann')
  })
})
