import type { StatusReport } from '../../status-report.js'
import type { Formats } from '../formats.js'
import { type Html, html } from '../html.js'
import type { StatusTexts } from '../texts.js'
import type { PartContext } from './part.js'

/** The override in force: who set it, why, and what is left of it. */
export function overrideNow({ site, texts, formats, nowMs }: PartContext): Html {
  const { mode, by, until } = site.override
  const untilMs = until === undefined ? undefined : Date.parse(until)
  const end =
    untilMs === undefined
      ? texts.untilChanged
      : texts.until(formats.time(untilMs), formats.duration(Math.max(0, untilMs - nowMs)))
  const tone = mode === 'pass' ? 'bad' : 'warn'
  return mode === 'none'
    ? html`<p>${texts.override.none}</p>`
    : html`<p class="notice" data-tone="${tone}">${texts.override[mode]}<small>${end}</small><small>${texts.by(by ?? texts.unnamed)}</small></p>`
}

/** Durations on offer, in milliseconds. */
const durationsMs = [300_000, 900_000, 3_600_000, 14_400_000, 86_400_000]
const presetMs = 900_000

/** What the form needs beside the site. */
export interface OverrideForm {
  readonly texts: StatusTexts
  readonly formats: Formats
  readonly id: string
  /** Where it is sent to. */
  readonly action: string
  readonly site: StatusReport['sites'][number]
  /** Language that was asked for by `?lang=`, which the next page keeps. */
  readonly lang: string | undefined
}

/** The form that sets the override. It works without script. */
export function overrideForm({ texts, formats, id, action, site, lang }: OverrideForm): Html {
  const says = texts.override
  const choice = (mode: 'pass' | 'verify_only' | 'none', hint: string) =>
    html`<label class="choice"><input type="radio" name="mode" value="${mode}" required><span>${says.choices[mode]}<small> ${hint}</small></span></label>`
  const options = durationsMs.map(
    (ms) => html`<option value="${ms}"${ms === presetMs && html` selected`}>${formats.duration(ms)}</option>`,
  )
  return html`<form method="post" action="${action}">
<input type="hidden" name="guard" value="${site.names[0]}">${lang !== undefined && html`<input type="hidden" name="lang" value="${lang}">`}
<fieldset><legend>${says.mode}</legend>${choice('pass', says.choices.passHint)}${choice('verify_only', says.choices.verifyOnlyHint)}${choice('none', says.choices.noneHint)}</fieldset>
<div><label class="label" for="${id}-for">${says.forMs}</label><select id="${id}-for" name="forMs">${options}</select></div>
<div><label class="label" for="${id}-reason">${says.reason}</label><input type="text" id="${id}-reason" name="reason" maxlength="200" autocomplete="off" aria-describedby="${id}-hint" required><small id="${id}-hint">${says.reasonHint}</small></div>
<button>${says.submit}</button></form>`
}
