import type { Duration, Expected, FaultCase, FaultSection, PlainClient, Text } from './fault-case.js'
import { burstSize } from './guarded-users.js'

/** Languages of the document. */
export type Language = keyof Text

/** Where each language's document is. */
export const documentPaths: Readonly<Record<Language, string>> = { en: 'docs/faults.md', zh: 'docs/faults.zh.md' }

/** What a run measured. It is published, and compared with nothing: it depends on the machine. */
export interface Measured {
  readonly node: string
  readonly platform: string
  /** Of the lone tickets that were answered at once. */
  readonly medianMs: number
  readonly slowestMs: number
}

/** Begins the one line that depends on the machine. */
const measuredMark = '<!-- measured -->'

/** A document without what depends on the machine. */
export function withoutMeasured(document: string): string {
  return document.replace(new RegExp(`${measuredMark}.*`), measuredMark)
}

/** The document of all faults: what the rows expect, which a run has shown to hold. */
export function renderDocument(sections: readonly FaultSection[], language: Language, measured?: Measured): string {
  const count = sections.reduce((sum, { cases }) => sum + cases.length, 0)
  const parts = [introductions[language](count), measuredLine(language, measured)]
  for (const section of sections) parts.push(renderSection(section, language))
  return `${parts.join('\n\n')}\n`
}

const introductions: Readonly<Record<Language, (count: number) => string>> = {
  en: (count) => `# Faults between the guard and Tencent

[中文](faults.zh.md) · What degradation is: [degradation.md](degradation.md)

${count} faults, each made over real sockets and real TLS against a guard in a process of its own, with the default options (but no probe of
the vendor's script). Each is met twice: by one user, and by ${burstSize} users at once. \`npm run test:faults\` runs all of them and compares with what is
written here; \`npm run docs:faults\` writes this page from such a run.

What holds in every row is not repeated in it:

- After \`close()\` no socket, handle or timer is left, neither in the process nor at the server.
- Nothing reaches another host: one that records stands ready, with a certificate that is trusted.
- No line of the log quotes a ticket, a randstr or a key.
- An open circuit has its line \`captcha_outage_started\`; one that has closed again has \`captcha_outage_ended\`.

| column | |
| --- | --- |
| verdict | of the one user, the first to meet the fault: \`reason\`, and the purse where it passed without Tencent's verdict |
| waits | *at once*: for no more than a second connection (50 ms), another address (250 ms) or the store (200 ms), where the run allows a busy machine 900 ms; *at the deadline*: \`timeoutMs\`, 2 s; *before the deadline*: between these |
| sent | how often the ticket reached Tencent |
| log | lines of level info or above |
| circuit | after one user → after ${burstSize} |
| next user | who comes after these ${burstSize} |
| a plain client | what the vendor's SDK does with \`reqTimeout\` 2 s, or \`fetch\`, in the same run |

What callers can do to this machine (descriptors, local ports, the thread pool, a resolver kept busy) is in \`test/attacks/\`.`,
  zh: (count) => `# 守卫与腾讯之间的故障

[English](faults.md) · 什么是降级：[degradation.md](degradation.zh.md)

共 ${count} 种故障，每一种都通过真实套接字和真实 TLS 制造，守卫运行在独立进程中，使用默认选项（仅关闭对脚本的探测）。每种故障遇到两次：一位用户，以及 ${burstSize}
位用户同时到来。\`npm run test:faults\` 运行全部故障并与本页比较；\`npm run docs:faults\` 根据这样一次运行写出本页。

以下各点在每一行都成立，不再重复：

- \`close()\` 之后，进程和服务器中都不残留套接字、句柄或定时器。
- 没有任何内容到达其他主机：一台证书可信、会做记录的主机随时待命。
- 日志中不出现票据、randstr 或密钥。
- 熔断打开时有日志 \`captcha_outage_started\`；重新关闭后有 \`captcha_outage_ended\`。

| 列 | |
| --- | --- |
| 判定 | 最先遇到故障的那位用户：\`reason\`，以及未经腾讯判定而放行时所用的额度 |
| 等待 | *立即*：最多等待再次连接（50 毫秒）、另一个地址（250 毫秒）或存储（200 毫秒），考虑到机器繁忙，运行时允许 900 毫秒；*到截止时间*：\`timeoutMs\`，2 秒；*截止时间之前*：介于两者之间 |
| 发送 | 票据到达腾讯的次数 |
| 日志 | info 及以上级别的日志 |
| 熔断 | 一位用户之后 → ${burstSize} 位用户之后 |
| 下一位用户 | 在这 ${burstSize} 位之后到来的用户 |
| 普通客户端 | 同一次运行中，厂商 SDK（\`reqTimeout\` 2 秒）或 \`fetch\` 的表现 |

调用者对本机能做的事（描述符、本地端口、线程池、占用解析器）见 \`test/attacks/\`。`,
}

function measuredLine(language: Language, measured: Measured | undefined): string {
  if (measured === undefined) return measuredMark
  const { node, platform, medianMs, slowestMs } = measured
  const [median, slowest] = [medianMs, slowestMs].map((ms) => ms.toFixed(0))
  const text = {
    en: `Last written by a run on Node ${node} (${platform}). Of the users who were answered at once, with a new connection each, the median waited ${median} ms and the last one ${slowest} ms.`,
    zh: `本页由 Node ${node}（${platform}）上的一次运行写出。立即得到答复的用户（每人一个新连接）等待时间中位数 ${median} 毫秒，最长 ${slowest} 毫秒。`,
  }
  return measuredMark + text[language]
}

const headings: Readonly<Record<Language, readonly string[]>> = {
  en: ['fault', 'how it is made', 'verdict', 'waits', 'sent', 'log', 'circuit', 'next user', 'a plain client'],
  zh: ['故障', '制造方式', '判定', '等待', '发送', '日志', '熔断', '下一位用户', '普通客户端'],
}

function renderSection({ title, intro, cases }: FaultSection, language: Language): string {
  const hasPlain = cases.some(({ plain }) => plain !== undefined)
  const columns = headings[language].slice(0, hasPlain ? undefined : -1)
  const rows = cases.map((fault) => row(cells(fault, language).slice(0, columns.length)))
  const table = [row(columns), row(columns.map(() => '---')), ...rows].join('\n')
  return [`## ${title[language]}`, ...(intro ? [intro[language]] : []), table].join('\n\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function cells({ fault, made, expected, plain }: FaultCase, language: Language): string[] {
  const { time, sent, lines, circuit, next } = expected
  return [
    fault[language],
    made[language],
    verdictText(expected, language),
    durations[time][language],
    String(sent),
    lines.map((line) => `\`${line}\``).join(' '),
    `${circuit.afterOne} → ${circuit.afterTwenty}`,
    `\`${next.reason}\`${next.time === 'at once' ? '' : `, ${durations[next.time][language]}`}`,
    plainText(plain, language),
  ]
}

function plainText(plain: PlainClient | undefined, language: Language): string {
  return plain === undefined ? '' : plain.text[language]
}

function verdictText({ verdict }: Expected, language: Language): string {
  const { reason, passed, evidence } = verdict
  if (reason === 'verified') return '`verified`'
  if (!passed) return { en: `\`${reason}\`, refused`, zh: `\`${reason}\`，拒绝` }[language]
  const purse = evidence === 'outage' ? 'outage' : 'doubt'
  return { en: `\`${reason}\`, passes from \`${purse}\``, zh: `\`${reason}\`，从 \`${purse}\` 额度放行` }[language]
}

const durations: Readonly<Record<Duration, Text>> = {
  'at once': { en: 'at once', zh: '立即' },
  'before the deadline': { en: 'before the deadline', zh: '截止时间之前' },
  'at the deadline': { en: 'at the deadline', zh: '到截止时间' },
}
