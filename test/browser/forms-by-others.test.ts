import { expect, test } from '@jest/globals'
import { until } from '../flow/support.js'
import { browserSuite, inChromium, solve, type Visit, type VisitOptions } from './browser-suite.js'

const { visit } = browserSuite()

/** A page whose forms are guarded by their attributes. */
const open = (body: string, options: VisitOptions = {}) =>
  visit({
    prepare(site) {
      site.page.html = `<!doctype html><html lang="en"><title>Forms</title>
        <script src="/captcha/captcha-guard.js"></script>${body}`
    },
    ...options,
  })

const arrive = ({ page }: Visit) => page.waitForSelector('h1')
const press = ({ page }: Visit, selector: string) =>
  page.evaluate((found) => document.querySelector<HTMLElement>(found)?.click(), selector)
const challenges = ({ page }: Visit) => page.locator('[data-captcha-dialog]').count()
const verified = expect.objectContaining({ reason: 'verified' })

inChromium('A form of another author', () => {
  test('sends its ticket whatever its fields are named', async () => {
    const names =
      'elements append appendChild requestSubmit submit querySelector nodeName dataset addEventListener setAttribute getAttribute action method closest children isConnected toString constructor'.split(
        ' ',
      )
    const fields = names.map((name) => `<input name="${name}" value="x">`).join('')
    const here = await open(`<form method="post" action="/login" data-captcha>${fields}<button>Go</button></form>`)
    // Not by the tool's own click, which such names break.
    await press(here, 'button')
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
    expect(Object.keys(here.site.posts[0]?.fields ?? {}).sort()).toEqual([...names, 'randstr', 'ticket'].sort())
    expect(here.errors).toEqual([])
  })

  test('goes where its button says, with the method and the encoding of the button, its name and files', async () => {
    const here = await open(`<form action="/nowhere" data-captcha>
      <input type="file" name="photo">
      <button>Get</button>
      <button id="send" name="act" value="go" formaction="/upload" formmethod="post" formenctype="multipart/form-data">Send</button>
      </form>`)
    await here.page.setInputFiles('input', { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('tea leaves') })
    await here.page.click('#send')
    await solve(here)
    await arrive(here)
    expect(here.site.posts).toMatchObject([
      { url: '/upload', contentType: expect.stringMatching(/^multipart/), fields: { photo: 'tea leaves', act: 'go' } },
    ])
    expect(here.site.decisions).toEqual([verified])
  })

  test('shows no challenge before its fields are valid, and one at once with novalidate', async () => {
    const here = await open(`<form method="post" action="/login" data-captcha><input name="user" required>
      <button>Go</button><button id="unchecked" formnovalidate>Later</button></form>`)
    await here.page.click('button')
    expect(await here.page.evaluate(() => document.activeElement?.nodeName)).toBe('INPUT')
    expect(await challenges(here)).toBe(0)
    expect(here.vendorRequests()).toBe(0)
    await here.page.click('#unchecked')
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
  })

  test('is checked by the browser again after the challenge, and can be sent again', async () => {
    const here = await open(`<form method="post" action="/login" data-captcha><input name="user" value="ann" required>
      <button>Go</button></form>`)
    await here.page.click('button')
    await here.page.evaluate(() => document.querySelector('input')?.setAttribute('value', ''))
    await solve(here)
    await here.page.waitForSelector('form[aria-busy=false]')
    expect(here.site.posts).toEqual([])
    await here.page.fill('input', 'ann')
    await here.page.click('button')
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
  })

  test('closes its dialog without a challenge', async () => {
    const here =
      await open(`<dialog open><form method="dialog" data-captcha><button value="yes">Yes</button></form></dialog>
      <dialog open id="second"><form method="post" action="/login" data-captcha>
      <button formmethod="dialog" id="cancel">Cancel</button><button id="save">Save</button></form></dialog>`)
    await press(here, 'button[value=yes]')
    await press(here, '#cancel')
    expect(
      await here.page.evaluate(() => [...document.querySelectorAll('dialog')].map((dialog) => dialog.open)),
    ).toEqual([false, false])
    expect(here.vendorRequests()).toBe(0)
    await here.page.evaluate(() => document.querySelector<HTMLDialogElement>('#second')?.showModal())
    await here.page.click('#save')
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
  })

  test('sends a new ticket each time when its answers go to a frame', async () => {
    const here =
      await open(`<form method="post" action="/login" target="answers" data-captcha><button>Go</button></form>
      <iframe name="answers"></iframe>`)
    for (let sent = 1; sent <= 2; sent++) {
      await here.page.click('button')
      await solve(here)
      await here.page.frameLocator('iframe').locator('h1').waitFor()
      await here.page.waitForFunction(() => document.querySelector('[aria-busy=false]'))
      await here.page.evaluate(() => document.querySelector('iframe')?.contentDocument?.body.replaceChildren())
    }
    expect(here.site.decisions).toEqual([verified, verified])
    expect(new Set(here.site.posts.map(({ fields }) => fields.ticket)).size).toBe(2)
  })

  test('keeps the focus in the field where Enter was pressed, and the page where it was scrolled', async () => {
    const here = await open(`<div style="height: 3000px">Above</div>
      <form method="post" action="/login" target="answers" data-captcha><input name="user" value="ann"><button>Go</button></form>
      <div style="height: 3000px">Below</div><iframe name="answers"></iframe>`)
    await here.page.focus('input')
    const scrolledTo = await here.page.evaluate(() => scrollY)
    expect(scrolledTo).toBeGreaterThan(0)
    await here.page.keyboard.press('Enter')
    await solve(here)
    await here.page.waitForSelector('form[aria-busy=false]')
    expect(await here.page.evaluate(() => [document.activeElement?.nodeName, scrollY])).toEqual(['INPUT', scrolledTo])
  })

  test('is sent by a button outside of it', async () => {
    const here = await open(`<form id="f" method="post" action="/login" data-captcha></form>
      <button form="f" name="act" value="go">Go</button>`)
    await here.page.click('button')
    await solve(here)
    await arrive(here)
    expect(here.site.posts).toMatchObject([{ fields: { act: 'go' } }])
  })

  test('waits for the challenge of another form, and both are sent with tickets of their own', async () => {
    const formAndFrame = (name: string) =>
      `<form method="post" action="/login" target="${name}" data-captcha><button>Go</button></form><iframe name="${name}"></iframe>`
    const here = await open(formAndFrame('one') + formAndFrame('two'))
    await here.page.evaluate(() => {
      for (const form of document.querySelectorAll('form')) form.requestSubmit()
    })
    await solve(here)
    await solve(here)
    for (const frame of ['one', 'two']) await here.page.frameLocator(`[name=${frame}]`).locator('h1').waitFor()
    expect(here.site.decisions).toEqual([verified, verified])
  })

  test('is not sent after it was replaced during the challenge, and the new one is guarded', async () => {
    const form = '<form method="post" action="/login" data-captcha><button>Go</button></form>'
    const here = await open(form)
    await here.page.click('button')
    await here.page.waitForSelector('[data-captcha-solve]')
    await here.page.evaluate((text) => {
      const waiting = document.querySelector('form') as HTMLFormElement
      waiting.outerHTML = text
    }, form)
    await solve(here)
    await here.page.waitForFunction(() => !document.querySelector('[data-captcha-dialog]'))
    expect(here.site.posts).toEqual([])
    expect(here.errors).toEqual([])
    await here.page.click('button')
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
  })

  test('is guarded when it comes later, before its first submission', async () => {
    const here = await open('<main></main>')
    await here.page.evaluate(() => {
      const main = document.querySelector('main') as HTMLElement
      main.innerHTML = '<form method="post" action="/login" data-captcha><button>Go</button></form>'
      document.querySelector('form')?.requestSubmit()
    })
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
  })

  test('says what is wrong with one form, once, and guards the next', async () => {
    const here = await open(`<form data-captcha-app-id="abc"><input></form>
      <form method="post" action="/login" data-captcha id="good"><button>Go</button></form>`)
    await here.page.focus('input')
    await here.page.click('#good button')
    await solve(here)
    await arrive(here)
    expect(here.errors).toEqual(['TypeError: captcha-guard: wrong captchaAppId: abc'])
    expect(here.site.decisions).toEqual([verified])
  })

  test('works without a network at first, and when it is back', async () => {
    const here = await open(
      `<form method="post" action="/login" data-captcha-app-id="190000001"><button>Go</button></form>`,
    )
    await here.page.context().setOffline(true)
    await here.page.click('button')
    await until(() => here.page.url().startsWith('chrome-error:'), 10_000)
    await here.page.context().setOffline(false)
    await here.page.goBack()
    await here.page.click('button')
    await solve(here)
    await arrive(here)
    expect(here.site.decisions).toEqual([verified])
  })
})
