import { svg } from './elements.js'

/** Where the gap is, in units of the picture from its left edge. */
export const gapX = 214

const gapTop = 62
const piecePath =
  'M6 10h11a6 6 0 1 1 10 0h11a4 4 0 0 1 4 4v9a6 6 0 1 1 0 11v8a4 4 0 0 1-4 4H6a4 4 0 0 1-4-4V14a4 4 0 0 1 4-4Z'
const inGap = { d: piecePath, transform: `translate(${gapX} ${gapTop})` }

function gradient(id: string, from: string, to: string): SVGElement {
  const stops = [svg('stop', { offset: 0, 'stop-color': from }), svg('stop', { offset: 1, 'stop-color': to })]
  return svg('linearGradient', { id, x1: 0, y1: 0, x2: 0, y2: 1 }, stops)
}

function landscape(): SVGElement[] {
  const trees = 'm34 146 9-26 9 26Zm14 4 7-20 7 20Zm196-4 10-30 10 30Zm18 2 7-20 7 20Z'
  return [
    svg('rect', { width: 312, height: 168, fill: 'url(#tjc-sky)' }),
    svg('circle', { cx: 92, cy: 56, r: 22, fill: '#fff3d6' }),
    svg('circle', { cx: 92, cy: 56, r: 36, fill: '#fff3d6', opacity: 0.22 }),
    svg('path', { d: 'M0 112 52 76l38 28 44-52 58 58 36-26 84 46v38H0Z', fill: 'url(#tjc-far)' }),
    svg('path', { d: 'M0 132c44-20 82-22 126-6s92 20 186-14v56H0Z', fill: 'url(#tjc-near)' }),
    svg('path', { d: 'M0 152c60-14 120-10 176 0s96 8 136-4v20H0Z', fill: '#0b4a5a' }),
    svg('path', { d: trees, fill: '#0a3d4b' }),
  ]
}

/** The drawn puzzle. */
export interface Picture {
  readonly node: SVGElement
  /** The part of the landscape that the gap hides; it fills the gap when it is not shifted. */
  readonly piece: SVGElement
}

/** Draws a landscape with a gap, 312 by 168 units, and the piece that fills it. */
export function drawPicture(): Picture {
  const piece = svg('g', { class: 'tjc-piece' }, [
    svg('g', { 'clip-path': 'url(#tjc-gap)' }, landscape()),
    svg('path', { ...inGap, fill: 'none', stroke: '#fff', 'stroke-width': 2 }),
  ])
  const definitions = svg('defs', {}, [
    gradient('tjc-sky', '#ff9a76', '#ffd9a8'),
    gradient('tjc-far', '#7c6fb0', '#4b5f9e'),
    gradient('tjc-near', '#2f8f9d', '#176b7d'),
    svg('clipPath', { id: 'tjc-gap' }, [svg('path', inGap)]),
  ])
  const gap = svg('path', { ...inGap, fill: '#06222b', 'fill-opacity': 0.55, stroke: '#fff', 'stroke-opacity': 0.45 })
  const parts = [definitions, ...landscape(), gap, piece]
  return { node: svg('svg', { viewBox: '0 0 312 168', class: 'tjc-picture', 'aria-hidden': 'true' }, parts), piece }
}
