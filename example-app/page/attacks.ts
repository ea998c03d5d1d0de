import { attackTexts } from '../attack-texts.js'
import type { AttackId, AttackReport, Tone } from '../wire.js'
import { element, find, pageLanguage, tag } from './dom.js'
import { post } from './post.js'

const texts = attackTexts[pageLanguage]

/** Lets the buttons run the attacks, one after the other. */
export function listenToAttacks(): void {
  const section = find('[data-attacks]')
  const items = [...section.querySelectorAll<HTMLElement>('[data-attack-id]')]
  const buttons = [...section.querySelectorAll<HTMLElement>('button')]
  let isRunning = false

  async function run(chosen: readonly HTMLElement[]): Promise<void> {
    if (isRunning) return
    isRunning = true
    for (const button of buttons) button.ariaDisabled = 'true'
    for (const item of chosen) await runOne(item)
    for (const button of buttons) button.ariaDisabled = 'false'
    isRunning = false
  }

  find('[data-run-all]', section).addEventListener('click', () => run(items))
  for (const item of items) find('[data-run]', item).addEventListener('click', () => run([item]))
}

async function runOne(item: HTMLElement): Promise<void> {
  const place = find('[data-report]', item)
  place.replaceChildren(element('p', texts.running))
  try {
    const report = await post<AttackReport>('/switchboard/attacks', { id: item.dataset.attackId })
    place.replaceChildren(...reportParts(report))
  } catch (error) {
    place.replaceChildren(element('p', error instanceof Error ? error.message : texts.failed))
  }
}

function reportParts(report: AttackReport): HTMLElement[] {
  const { tries, asked, passed, verified, honest, id } = report
  const figures = element('dl', '', 'totals')
  const isHonestWell = honest.verified === honest.visits
  figures.append(
    figure(texts.figures.tries, String(tries)),
    figure(texts.figures.asked, String(asked)),
    figure(texts.figures.passed, String(passed), toneOf(report)),
    figure(
      texts.figures.honest,
      texts.percent(honest.verified, honest.visits),
      isHonestWell || report.isCircuitOpen ? (isHonestWell ? 'good' : 'warn') : 'bad',
    ),
  )
  const sentences = [...texts.outcome(report), whyOf(id)].map((sentence) => element('p', sentence))
  const word = element('p', '')
  word.append(tag(passed === verified ? texts.held : texts.bounded, toneOf(report)))
  return [word, figures, ...sentences]
}

function whyOf(id: AttackId): string {
  return texts.attacks[id].why
}

/** An attack that opens the circuit by itself is bad news, passes from a purse are bounded; a solved CAPTCHA is no gain. */
function toneOf({ passed, verified, hasOpened }: AttackReport): Tone {
  return hasOpened ? 'bad' : passed === verified ? 'good' : 'warn'
}

function figure(name: string, value: string, tone: Tone = ''): HTMLElement {
  const pair = element('div', '')
  pair.dataset.tone = tone
  pair.append(element('dt', name), element('dd', value))
  return pair
}
