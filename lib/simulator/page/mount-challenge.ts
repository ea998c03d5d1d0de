import type { Dialog } from './dialog.js'
import { button, element, icon } from './elements.js'
import { drawPicture, gapX } from './picture.js'

const pieceStartX = 14
const pieceTravel = 240
const thumbWidthPx = 42
/** Width of a track that is not laid out, as in a page without a screen. */
const usualTrackWidthPx = 310
const tolerancePx = 9
/** A pointer that moved less has clicked. */
const clickSlackPx = 4

const stateClasses = ['tjc-dragging', 'tjc-missed', 'tjc-busy', 'tjc-solved'] as const

/**
 * Puts the slide puzzle into a dialog. Sliding the piece into the gap solves it; so does a click or Enter on the thumb, which then
 * slides by itself. `onSolved` gets the function that shows success.
 */
export function mountChallenge({ texts, card, body }: Dialog, onSolved: (showSolved: () => void) => void): void {
  const picture = drawPicture()
  const fill = element('div', 'tjc-fill')
  const label = element('div', 'tjc-label')
  label.setAttribute('aria-live', 'polite')
  const thumb = button('tjc-thumb', 'data-captcha-solve', texts.keyboard, icon('m7 6 6 6-6 6m5-12 6 6-6 6', 20))
  const track = element('div', 'tjc-track', [fill, label, thumb])
  let dragStartX: number | null = null
  let offset = 0
  let dragged = false
  let done = false

  const travel = (): number => (track.clientWidth || usualTrackWidthPx) - thumbWidthPx
  const targetOffset = (): number => ((gapX - pieceStartX) * travel()) / pieceTravel

  function moveTo(wanted: number): void {
    offset = Math.max(0, Math.min(travel(), wanted))
    thumb.style.transform = `translateX(${offset}px)`
    fill.style.width = `${offset + thumbWidthPx}px`
    picture.piece.style.transform = `translateX(${pieceStartX + (offset * pieceTravel) / travel() - gapX}px)`
  }

  function show(state: (typeof stateClasses)[number] | null, text: string): void {
    card.classList.remove(...stateClasses)
    if (state !== null) card.classList.add(state)
    label.textContent = text
  }

  function glideTo(wanted: number): void {
    card.classList.add('tjc-moving')
    moveTo(wanted)
  }

  function settle(): void {
    done = true
    glideTo(targetOffset())
    show('tjc-busy', texts.working)
    onSolved(() => {
      thumb.replaceChildren(icon('m5 12.5 4.5 4.5L19 7.5', 20, 2.6))
      show('tjc-solved', texts.solved)
    })
  }

  function miss(): void {
    glideTo(0)
    show('tjc-missed', texts.missed)
  }

  thumb.addEventListener('pointerdown', (event) => {
    if (done) return
    dragStartX = event.clientX
    dragged = false
    card.classList.remove('tjc-moving')
    thumb.setPointerCapture(event.pointerId)
  })
  thumb.addEventListener('pointermove', (event) => {
    if (dragStartX === null || done) return
    const distance = event.clientX - dragStartX
    if (Math.abs(distance) > clickSlackPx) dragged = true
    if (!dragged) return
    card.classList.add('tjc-dragging')
    moveTo(distance)
  })
  thumb.addEventListener('pointerup', () => {
    dragStartX = null
    if (!dragged || done) return
    if (Math.abs(offset - targetOffset()) <= tolerancePx) settle()
    else miss()
  })
  // A drag ends with a click event of its own, which must not solve the puzzle after a miss.
  thumb.addEventListener('click', () => {
    const wasDrag = dragged
    dragged = false
    if (!wasDrag && !done) settle()
  })
  show(null, texts.slide)
  body.replaceChildren(picture.node, track)
  moveTo(0)
  thumb.focus()
}
