import { challengeCss } from './challenge-css.js'
import { type ScriptFault, scriptErrorMessages } from './script-fault.js'

export interface TjCaptchaScriptOptions {
  /** Where the script fetches tickets when it cannot tell where it was loaded from. */
  readonly origin: string
  /** What goes wrong in this copy of the script. */
  readonly fault: ScriptFault | null
}

interface ScriptConfig {
  readonly origin: string
  readonly css: string
  readonly constructorThrows: boolean
  readonly neverReady: boolean
  readonly closesItself: boolean
  readonly lateFallback: boolean
  /** Error code of a fallback right after `show()`. */
  readonly fallbackCode: number | null
  readonly fallbackPrefix: 'terror' | 'trerror'
  readonly errorMessages: Readonly<Record<number, string>>
}

function scriptConfig({ origin, fault }: TjCaptchaScriptOptions): ScriptConfig {
  const errorCode = typeof fault === 'object' && fault !== null ? fault.errorCode : null
  return {
    origin,
    css: challengeCss,
    constructorThrows: fault === 'constructor_throws',
    neverReady: fault === 'never_ready',
    closesItself: fault === 'user_closes',
    lateFallback: fault === 'late_second_callback',
    fallbackCode: fault === 'fallback_after_show' ? 1006 : errorCode,
    // Both spellings are in use at the vendor; a page and its server must cope with either.
    fallbackPrefix: errorCode === null ? 'terror' : 'trerror',
    errorMessages: scriptErrorMessages,
  }
}

/** Text of a script with the interface of the vendor's `TJCaptcha.js`; it needs neither `eval` nor inline styles nor `innerHTML`. */
export function tjCaptchaScript(options: TjCaptchaScriptOptions): string {
  return `/* Stand-in for TJCaptcha.js, served by the simulator of tencent-captcha-guard. */
(${browserCode})(${JSON.stringify(scriptConfig(options))})
`
}

const browserCode = `function (config) {
  'use strict'

  const FALLBACK_DELAY_MS = 450
  const SELF_CLOSE_DELAY_MS = 700
  const LATE_FALLBACK_DELAY_MS = 1200
  const SOLVED_PAUSE_MS = 420
  const PIECE_START = 14
  const PIECE_TARGET = 214
  const THUMB_WIDTH = 42
  const USUAL_TRACK_WIDTH = 310
  const PIECE_TRAVEL = 240
  const TOLERANCE = 9

  const texts = {
    en: {
      title: 'Security check', hint: 'Slide the piece into the gap', slide: 'Slide to verify',
      keyboard: 'Slide to verify, or press Enter', close: 'Close', working: 'Verifying…', solved: 'Verified',
      missed: 'Not quite, try again', loading: 'Loading…', simulated: 'Simulated CAPTCHA',
    },
    'zh-cn': {
      title: '安全验证', hint: '拖动拼图填入缺口', slide: '向右滑动完成验证', keyboard: '滑动完成验证，或按回车键', close: '关闭',
      working: '验证中…', solved: '验证通过', missed: '没有对准，请重试', loading: '加载中…', simulated: '模拟验证码',
    },
    'zh-tw': {
      title: '安全驗證', hint: '拖動拼圖填入缺口', slide: '向右滑動完成驗證', keyboard: '滑動完成驗證，或按 Enter 鍵', close: '關閉',
      working: '驗證中…', solved: '驗證通過', missed: '沒有對準，請重試', loading: '載入中…', simulated: '模擬驗證碼',
    },
  }

  const source = document.currentScript && document.currentScript.src
  const origin = source ? new URL(source, document.baseURI).origin : config.origin

  function chooseTexts(language) {
    const wanted = String(language || navigator.language || 'en').toLowerCase()
    if (texts[wanted]) return texts[wanted]
    if (/^zh-(tw|hk|hant)/.test(wanted)) return texts['zh-tw']
    return wanted.startsWith('zh') ? texts['zh-cn'] : texts.en
  }

  function wantsDark(option) {
    if (option === 'force') return true
    return Boolean(option) && window.matchMedia('(prefers-color-scheme: dark)').matches
  }

  function element(name, className, children) {
    const node = document.createElement(name)
    node.className = className
    for (const child of children || []) node.append(child)
    return node
  }

  function svg(name, attributes, children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name)
    for (const key of Object.keys(attributes)) node.setAttribute(key, attributes[key])
    for (const child of children || []) node.append(child)
    return node
  }

  function icon(path, size, width) {
    const line = { d: path, fill: 'none', stroke: 'currentColor', 'stroke-width': width || 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }
    return svg('svg', { viewBox: '0 0 24 24', width: size, height: size, 'aria-hidden': 'true' }, [svg('path', line)])
  }

  function shield() {
    return svg('svg', { viewBox: '0 0 32 32', class: 'tjc-shield', 'aria-hidden': 'true' }, [
      svg('path', { d: 'M16 2.5 4.5 6.8v8.4c0 7 4.8 12 11.5 14.3 6.7-2.3 11.5-7.3 11.5-14.3V6.8L16 2.5Z', fill: 'currentColor' }),
      svg('path', { d: 'm10.8 16 3.7 3.7 6.9-7.2', fill: 'none', stroke: '#fff', 'stroke-width': 2.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }),
    ])
  }

  function gradient(id, from, to) {
    return svg('linearGradient', { id: id, x1: 0, y1: 0, x2: 0, y2: 1 }, [
      svg('stop', { offset: 0, 'stop-color': from }), svg('stop', { offset: 1, 'stop-color': to }),
    ])
  }

  function landscape() {
    return [
      svg('rect', { width: 312, height: 168, fill: 'url(#tjc-sky)' }),
      svg('circle', { cx: 92, cy: 56, r: 22, fill: '#fff3d6' }),
      svg('circle', { cx: 92, cy: 56, r: 36, fill: '#fff3d6', opacity: 0.22 }),
      svg('path', { d: 'M0 112 52 76l38 28 44-52 58 58 36-26 84 46v38H0Z', fill: 'url(#tjc-far)' }),
      svg('path', { d: 'M0 132c44-20 82-22 126-6s92 20 186-14v56H0Z', fill: 'url(#tjc-near)' }),
      svg('path', { d: 'M0 152c60-14 120-10 176 0s96 8 136-4v20H0Z', fill: '#0b4a5a' }),
      svg('path', { d: 'm34 146 9-26 9 26Zm14 4 7-20 7 20Zm196-4 10-30 10 30Zm18 2 7-20 7 20Z', fill: '#0a3d4b' }),
    ]
  }

  const PIECE_PATH = 'M6 10h11a6 6 0 1 1 10 0h11a4 4 0 0 1 4 4v9a6 6 0 1 1 0 11v8a4 4 0 0 1-4 4H6a4 4 0 0 1-4-4V14a4 4 0 0 1 4-4Z'
  const PIECE_TOP = 62

  function pieceClip(id, x) {
    return svg('clipPath', { id: id }, [svg('path', { d: PIECE_PATH, transform: 'translate(' + x + ' ' + PIECE_TOP + ')' })])
  }

  /* The piece is the part of the landscape that the gap hides, shifted to the left edge. */
  function picture() {
    const piece = svg('g', { class: 'tjc-piece' }, [
      svg('g', { 'clip-path': 'url(#tjc-gap)' }, landscape()),
      svg('path', { d: PIECE_PATH, transform: 'translate(' + PIECE_TARGET + ' ' + PIECE_TOP + ')', fill: 'none', stroke: '#fff', 'stroke-width': 2 }),
    ])
    const gap = { d: PIECE_PATH, transform: 'translate(' + PIECE_TARGET + ' ' + PIECE_TOP + ')', fill: '#06222b', 'fill-opacity': 0.55, stroke: '#fff', 'stroke-opacity': 0.45 }
    const node = svg('svg', { viewBox: '0 0 312 168', class: 'tjc-picture', 'aria-hidden': 'true' }, [
      svg('defs', {}, [
        gradient('tjc-sky', '#ff9a76', '#ffd9a8'), gradient('tjc-far', '#7c6fb0', '#4b5f9e'), gradient('tjc-near', '#2f8f9d', '#176b7d'),
        pieceClip('tjc-gap', PIECE_TARGET),
      ]),
      ...landscape(),
      svg('path', gap),
      piece,
    ])
    return { node: node, piece: piece }
  }

  function adoptStyles() {
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(config.css)
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
      return function () {
        document.adoptedStyleSheets = [...document.adoptedStyleSheets].filter((other) => other !== sheet)
      }
    } catch (error) {
      const style = document.createElement('style')
      style.textContent = config.css
      document.head.append(style)
      return () => style.remove()
    }
  }

  function button(className, mark, label, content) {
    const node = element('button', className, [content])
    node.type = 'button'
    node.setAttribute(mark, '')
    node.setAttribute('aria-label', label)
    return node
  }

  function buildHead(words, closeButton) {
    const title = element('h2', 'tjc-title', [words.title])
    title.id = 'tjc-title'
    const hint = element('p', 'tjc-hint', [words.hint])
    hint.id = 'tjc-hint'
    return element('div', 'tjc-head', [shield(), element('div', 'tjc-words', [title, hint]), closeButton])
  }

  function buildCard(words, appId) {
    const closeButton = button('tjc-close', 'data-captcha-close', words.close, icon('M6 6l12 12M18 6 6 18', 18))
    const body = element('div', 'tjc-body', [element('div', 'tjc-loading', [element('div', 'tjc-spinner')])])
    const foot = element('p', 'tjc-foot', [element('span', '', [words.simulated]), element('span', '', ['ID ' + appId])])
    const card = element('div', 'tjc-card', [buildHead(words, closeButton), body, foot])
    card.setAttribute('role', 'dialog')
    card.setAttribute('aria-modal', 'true')
    card.setAttribute('aria-labelledby', 'tjc-title')
    card.setAttribute('aria-describedby', 'tjc-hint')
    card.setAttribute('data-captcha-dialog', '')
    card.setAttribute('data-captcha-app-id', appId)
    card.tabIndex = -1
    return { card: card, body: body, closeButton: closeButton }
  }

  function keepFocusInside(event, card) {
    const stops = [...card.querySelectorAll('button')]
    const last = stops.length - 1
    const at = stops.indexOf(document.activeElement)
    const next = event.shiftKey ? (at <= 0 ? last : at - 1) : at === last ? 0 : at + 1
    event.preventDefault()
    stops[next].focus()
  }

  /* The modal frame, with a spinner in it until a challenge is mounted. */
  function openDialog(appId, options, onClose) {
    const words = chooseTexts(options.userLanguage)
    const before = document.activeElement
    const removeStyles = adoptStyles()
    const parts = buildCard(words, appId)
    const veil = element('div', 'tjc-veil' + (wantsDark(options.enableDarkMode) ? ' tjc-dark' : ''), [parts.card])
    veil.setAttribute('data-captcha-veil', '')
    parts.closeButton.addEventListener('click', onClose)
    veil.addEventListener('keydown', (event) => {
      event.stopPropagation()
      if (event.key === 'Escape') onClose()
      if (event.key === 'Tab') keepFocusInside(event, parts.card)
    })
    document.body.append(veil)
    parts.card.focus()
    return {
      words: words,
      card: parts.card,
      body: parts.body,
      remove: function () {
        veil.remove()
        removeStyles()
        if (before && before.isConnected && before.focus) before.focus()
      },
    }
  }

  function buildTrack(words) {
    const fill = element('div', 'tjc-fill')
    const label = element('div', 'tjc-label', [words.slide])
    label.setAttribute('aria-live', 'polite')
    const thumb = button('tjc-thumb', 'data-captcha-solve', words.keyboard, icon('m7 6 6 6-6 6m5-12 6 6-6 6', 20))
    return { node: element('div', 'tjc-track', [fill, label, thumb]), fill: fill, label: label, thumb: thumb }
  }

  /* Slide with a pointer, or click, or press Enter: the last two slide by themselves. */
  function mountChallenge(dialog, onSolved) {
    const view = picture()
    const track = buildTrack(dialog.words)
    const state = { start: null, offset: 0, dragged: false, done: false }
    dialog.body.replaceChildren(view.node, track.node)

    function travel() {
      return (track.node.clientWidth || USUAL_TRACK_WIDTH) - THUMB_WIDTH
    }

    function moveTo(offset) {
      state.offset = Math.max(0, Math.min(travel(), offset))
      const piece = PIECE_START + (state.offset * PIECE_TRAVEL) / travel() - PIECE_TARGET
      track.thumb.style.transform = 'translateX(' + state.offset + 'px)'
      track.fill.style.width = state.offset + THUMB_WIDTH + 'px'
      view.piece.style.transform = 'translateX(' + piece + 'px)'
    }

    function say(className, text) {
      dialog.card.classList.remove('tjc-dragging', 'tjc-missed', 'tjc-busy', 'tjc-solved')
      if (className) dialog.card.classList.add(className)
      track.label.textContent = text
    }

    function targetOffset() {
      return ((PIECE_TARGET - PIECE_START) * travel()) / PIECE_TRAVEL
    }

    function settle() {
      state.done = true
      dialog.card.classList.add('tjc-moving')
      moveTo(targetOffset())
      say('tjc-busy', dialog.words.working)
      onSolved(function () {
        track.thumb.replaceChildren(icon('m5 12.5 4.5 4.5L19 7.5', 20, 2.6))
        say('tjc-solved', dialog.words.solved)
      })
    }

    function miss() {
      dialog.card.classList.add('tjc-moving')
      moveTo(0)
      say('tjc-missed', dialog.words.missed)
    }

    track.thumb.addEventListener('pointerdown', (event) => {
      if (state.done) return
      state.start = event.clientX
      state.dragged = false
      dialog.card.classList.remove('tjc-moving')
      track.thumb.setPointerCapture(event.pointerId)
    })
    track.thumb.addEventListener('pointermove', (event) => {
      if (state.start === null || state.done) return
      if (Math.abs(event.clientX - state.start) > 4) state.dragged = true
      if (!state.dragged) return
      dialog.card.classList.add('tjc-dragging')
      moveTo(event.clientX - state.start)
    })
    track.thumb.addEventListener('pointerup', () => {
      state.start = null
      if (!state.dragged || state.done) return
      if (Math.abs(state.offset - targetOffset()) <= TOLERANCE) settle()
      else miss()
    })
    track.thumb.addEventListener('click', () => {
      const wasDrag = state.dragged
      state.dragged = false
      if (!wasDrag && !state.done) settle()
    })
    moveTo(0)
    track.thumb.focus()
  }

  async function fetchTicket(appId) {
    const response = await fetch(origin + '/ticket', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ captchaAppId: appId, channel: 'web' }),
    })
    if (!response.ok) throw new Error('no ticket: HTTP ' + response.status)
    return response.json()
  }

  function newSid() {
    return 's1' + Math.random().toString(36).slice(2) + Date.now().toString(36)
  }

  function readArguments(values) {
    const bound = typeof values[0] === 'object' && values[0] !== null && values[0].nodeType === 1
    const rest = bound ? values.slice(1) : values
    if (typeof rest[0] !== 'string' || rest[0] === '') throw new Error('TencentCaptcha: appId must be a string')
    if (typeof rest[1] !== 'function') throw new Error('TencentCaptcha: callback must be a function')
    return { trigger: bound ? values[0] : null, appId: rest[0], callback: rest[1], options: rest[2] || {} }
  }

  class TencentCaptcha {
    #appId
    #callback
    #options
    #trigger
    #dialog = null
    #timers = new Set()
    #shownAt = 0
    #round = 0
    #sid = newSid()
    #ticket = ''
    #onTrigger = () => this.show()

    constructor(...values) {
      if (config.constructorThrows) throw new Error('TencentCaptcha: cannot be initialised')
      const { trigger, appId, callback, options } = readArguments(values)
      this.#appId = appId
      this.#callback = callback
      this.#options = options
      this.#trigger = trigger
      if (trigger) trigger.addEventListener('click', this.#onTrigger)
    }

    show() {
      if (this.#dialog || config.neverReady) return
      const round = ++this.#round
      const startedAt = performance.now()
      this.#dialog = openDialog(this.#appId, this.#options, () => this.#closedByUser())
      if (config.fallbackCode !== null) {
        this.#after(FALLBACK_DELAY_MS, () => this.#fallBack(config.fallbackCode))
        return
      }
      mountChallenge(this.#dialog, (showSolved) => this.#solve(round, showSolved))
      this.#shownAt = performance.now()
      this.#announce(Math.round(this.#shownAt - startedAt))
      if (config.closesItself) this.#after(SELF_CLOSE_DELAY_MS, () => this.#closedByUser())
    }

    destroy() {
      this.#round++
      for (const timer of this.#timers) clearTimeout(timer)
      this.#timers.clear()
      this.#hide()
      if (this.#trigger) this.#trigger.removeEventListener('click', this.#onTrigger)
    }

    refresh() {
      if (!this.#dialog) return
      this.#hide()
      this.show()
    }

    getTicket() {
      return { CaptchaAppId: this.#appId, ticket: this.#ticket }
    }

    #after(ms, run) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        run()
      }, ms)
      this.#timers.add(timer)
    }

    #announce(duration) {
      const { width, height } = this.#dialog.card.getBoundingClientRect()
      const { ready, showFn } = this.#options
      if (typeof ready === 'function') ready({ sdkView: { width: Math.round(width), height: Math.round(height) } })
      if (typeof showFn === 'function') showFn({ duration: duration, sid: this.#sid })
    }

    #hide() {
      if (this.#dialog) this.#dialog.remove()
      this.#dialog = null
    }

    #common() {
      return { appid: this.#appId, CaptchaAppId: this.#appId, bizState: this.#options.bizState }
    }

    #closedByUser() {
      if (!this.#dialog) return
      this.#round++
      this.#hide()
      this.#callback({ ret: 2, ticket: null, randstr: null, ...this.#common() })
    }

    async #solve(round, showSolved) {
      const actionDuration = Math.round(performance.now() - this.#shownAt)
      const askedAt = performance.now()
      let minted
      try {
        minted = await fetchTicket(this.#appId)
      } catch (error) {
        if (round === this.#round) this.#fallBack(1013)
        return
      }
      if (round !== this.#round) return
      const verifyDuration = Math.round(performance.now() - askedAt)
      if (typeof this.#options.verifyFn === 'function') this.#options.verifyFn({ pass: true, sid: this.#sid })
      showSolved()
      this.#after(SOLVED_PAUSE_MS, () => this.#pass(round, minted, { actionDuration, verifyDuration }))
    }

    #pass(round, minted, durations) {
      if (round !== this.#round) return
      this.#ticket = minted.ticket
      this.#hide()
      if (config.lateFallback) this.#after(LATE_FALLBACK_DELAY_MS, () => this.#fallBack(1006))
      this.#callback({ ret: 0, ticket: minted.ticket, randstr: minted.randstr, ...this.#common(), ...durations, sid: this.#sid })
    }

    #fallBack(errorCode) {
      const ticket = [config.fallbackPrefix, errorCode, this.#appId, Math.floor(Date.now() / 1000)].join('_')
      this.#round++
      this.#hide()
      this.#callback({
        ret: 0,
        ticket: ticket,
        randstr: '@' + Math.random().toString(36).slice(2),
        errorCode: errorCode,
        errorMessage: config.errorMessages[errorCode] || 'error_' + errorCode,
        // A timed-out show() is reported past the place where the vendor's script adds these.
        ...(errorCode === 1002 ? {} : this.#common()),
      })
    }
  }

  window.TencentCaptcha = TencentCaptcha
}`
