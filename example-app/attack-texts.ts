import type { Language } from './say.js'
import type { AttackId, AttackReport, PurseName } from './wire.js'

const percent = (part: number, whole: number) => `${Math.round((100 * part) / Math.max(1, whole))} %`

const purseNames: Readonly<Record<PurseName, string>> = { outage: 'the outage purse', doubt: 'the doubt purse' }

interface AttackText {
  readonly title: string
  readonly what: string
  /** What holds it. */
  readonly why: string
}

export interface AttackTexts {
  readonly title: string
  readonly lead: string
  readonly elsewhere: string
  readonly run: string
  readonly runAll: string
  readonly running: string
  readonly failed: string
  readonly figures: Readonly<Record<'tries' | 'asked' | 'passed' | 'honest', string>>
  readonly held: string
  readonly bounded: string
  readonly attacks: Readonly<Record<AttackId, AttackText>>
  /** Plain sentences on what came of it. */
  outcome(report: AttackReport): readonly string[]
  percent(part: number, whole: number): string
}

/** Everything that the attacks say on the page, in one place for each language. */
export const attackTexts: Readonly<Record<Language, AttackTexts>> = {
  en: {
    title: 'An attacker’s day',
    lead: 'Each attack runs for a few seconds against a site of its own: this guard with its defaults, a simulated Tencent, and ten honest users a second beside the attacker. Your switches do not change it, and it does not change your shop.',
    elsewhere:
      'What needs a process of its own is left to npm run test:attacks: slow name lookups, used-up ports and descriptors (EMFILE), a busy thread pool, a minute of each attack, and what a fallback ticket is worth after its five minutes.',
    run: 'Run',
    runAll: 'Run them all',
    running: 'Attacking…',
    failed: 'That did not work.',
    figures: {
      tries: 'Tries',
      asked: 'Asked at Tencent',
      passed: 'Let in',
      honest: 'Honest users verified',
    },
    held: 'Nothing gained',
    bounded: 'Bounded',
    attacks: {
      junk_hangs_up: {
        title: 'Junk that hangs up',
        what: 'One address, 450 junk tickets at 150 a second, gone after 30 ms. Tencent takes 60 ms, so no refusal ever reaches the attacker.',
        why: 'A call that runs on without its caller is charged like a refusal.',
      },
      junk_one_address: {
        title: 'Junk of one address',
        what: '200 junk tickets, 100 a second.',
        why: 'After ten refusals in a minute Tencent is not asked about this address.',
      },
      junk_after_solve: {
        title: 'Junk after one solved CAPTCHA',
        what: 'The address solves one challenge, and then sends 600 junk tickets that hang up.',
        why: 'A solve buys sixty calls a minute under pressure, not any number.',
      },
      stumbling_ticket: {
        title: 'A ticket that makes Tencent stumble',
        what: '100 tickets from 100 addresses, each of which Tencent answers with InternalError.',
        why: 'Failed calls only send a canary, which is healthy; so the circuit stays closed, and lone failures pay from the small purse.',
      },
      forged_fallback: {
        title: 'Forged fallback tickets',
        what: '200 made-up trerror_ tickets from 200 addresses. They look exactly like honest ones.',
        why: 'Their number is never evidence. Half of the doubt purse is all that they can have.',
      },
      replay: {
        title: 'Replay',
        what: 'One solved ticket, then one forged fallback ticket, each from 50 addresses.',
        why: 'What has passed is remembered, and refused without a call.',
      },
      stamped_ahead: {
        title: 'Fallback tickets stamped ahead',
        what: 'A ticket stamped 3 s ahead is sent until its time is over (the site takes them for 1 s), then 25 that are stamped two minutes ahead.',
        why: 'A ticket is remembered until the last moment at which it is valid, and one from too far ahead is none.',
      },
      two_guards: {
        title: 'Two guards on one site',
        what: 'Tencent is down. One address sends 30 tickets to the login and the same ones to the sign-up, which have guards of their own.',
        why: 'Guards of one process share purses and memory: one client has its 20 a minute at all doors together.',
      },
      hanging_credentials: {
        title: 'A credential provider that hangs',
        what: 'No keys have ever come. The attacker notices and sends 60 junk tickets from 60 addresses.',
        why: 'Missing keys are the operator’s matter and no evidence against Tencent. Without any keys no user can be verified either; keys that came once serve until they expire.',
      },
    },
    outcome({ tries, asked, passed, verified, drawn, hasEvidence, hasOpened, isCircuitOpen, honest }: AttackReport) {
      const purses = (['outage', 'doubt'] as const).filter((purse) => drawn[purse] > 0)
      const from = purses.map((purse) => `${drawn[purse]} from ${purseNames[purse]}`)
      if (verified > 0) from.push(`${verified} with a solved CAPTCHA`)
      const gained =
        passed === 0 ? `None of ${tries} tries got in.` : `${passed} of ${tries} tries got in: ${from.join(', ')}.`
      const times = asked === 1 ? 'once' : `${asked} times`
      const calls = asked === 0 ? 'Tencent was not asked.' : `Tencent was asked ${times}.`
      const circuit = hasOpened
        ? 'The attack opened the circuit.'
        : isCircuitOpen
          ? 'The circuit was open before, for Tencent is down.'
          : 'The circuit stayed closed.'
      const evidence =
        hasEvidence && !hasOpened
          ? 'The evidence is the canary’s.'
          : hasEvidence
            ? 'There is evidence of an outage.'
            : 'There is no evidence of an outage.'
      const { visits } = honest
      const users =
        honest.verified === visits
          ? `All ${visits} honest users were verified.`
          : `${honest.verified} of ${visits} honest users were verified, ${honest.passed - honest.verified} were let in unverified.`
      return [gained, calls, `${circuit} ${evidence}`, users]
    },
    percent,
  },
  zh: {
    title: '攻击者的一天',
    lead: '每个攻击在自己的站点上运行几秒钟：使用默认值的守卫、模拟的腾讯，以及攻击者身旁每秒十个正常用户。你的开关不会改变它，它也不会改变你的商店。',
    elsewhere:
      '需要单独进程的留给 npm run test:attacks：缓慢的域名解析、耗尽的端口和描述符（EMFILE）、繁忙的线程池、每个攻击持续一分钟，以及容灾票据在五分钟之后还值什么。',
    run: '运行',
    runAll: '全部运行',
    running: '正在攻击…',
    failed: '操作失败。',
    figures: { tries: '尝试', asked: '询问腾讯', passed: '放行', honest: '正常用户通过验证' },
    held: '一无所获',
    bounded: '有上限',
    attacks: {
      junk_hangs_up: {
        title: '发完就断开的垃圾票据',
        what: '一个地址，每秒 150 张，共 450 张垃圾票据，30 ms 后断开。腾讯需要 60 ms，所以攻击者从不收到拒绝。',
        why: '调用者离开后继续进行的调用，与被拒绝一样计费。',
      },
      junk_one_address: {
        title: '来自一个地址的垃圾票据',
        what: '200 张垃圾票据，每秒 100 张。',
        why: '一分钟内被拒十次之后，不再就该地址询问腾讯。',
      },
      junk_after_solve: {
        title: '解一次验证码之后的垃圾票据',
        what: '该地址完成一次验证，然后发送 600 张垃圾票据并断开。',
        why: '一次解题在有压力时只换来每分钟六十次调用，而不是任意多次。',
      },
      stumbling_ticket: {
        title: '让腾讯出错的票据',
        what: '来自 100 个地址的 100 张票据，腾讯对每张都回答 InternalError。',
        why: '失败的调用只会发出金丝雀，而它是健康的；所以熔断器保持关闭，单独的失败由小额度支付。',
      },
      forged_fallback: {
        title: '伪造的容灾票据',
        what: '来自 200 个地址的 200 张编造的 trerror_ 票据，看起来与真实的完全一样。',
        why: '它们的数量从来不是证据。它们至多得到 doubt 额度的一半。',
      },
      replay: {
        title: '重放',
        what: '一张解出的票据，然后一张伪造的容灾票据，各来自 50 个地址。',
        why: '放行过的会被记住，不必询问就拒绝。',
      },
      stamped_ahead: {
        title: '时间戳超前的容灾票据',
        what: '一张超前 3 s 的票据一直发送到失效（该站点只接受 1 s 内的），然后 25 张超前两分钟的。',
        why: '票据会被记住直到它有效的最后一刻，超前太多的不算票据。',
      },
      two_guards: {
        title: '一个站点上的两个守卫',
        what: '腾讯宕机。一个地址把 30 张票据发给登录，再把同样的发给注册，两处各有守卫。',
        why: '同一进程的守卫共用额度和记忆：一个客户端在所有入口合计每分钟 20 次。',
      },
      hanging_credentials: {
        title: '挂起的密钥提供者',
        what: '从未得到过密钥。攻击者察觉后，从 60 个地址发送 60 张垃圾票据。',
        why: '缺少密钥是运维者的事，不是针对腾讯的证据。没有任何密钥时也无法验证用户；得到过的密钥一直使用到过期。',
      },
    },
    outcome({ tries, asked, passed, verified, drawn, hasEvidence, hasOpened, isCircuitOpen, honest }: AttackReport) {
      const purses = (['outage', 'doubt'] as const).filter((purse) => drawn[purse] > 0)
      const from = purses.map((purse) => `${drawn[purse]} 次来自 ${purse} 额度`)
      if (verified > 0) from.push(`${verified} 次凭解出的验证码`)
      const gained =
        passed === 0 ? `${tries} 次尝试全部被拒。` : `${tries} 次尝试中放行 ${passed} 次：${from.join('，')}。`
      const calls = asked === 0 ? '没有询问腾讯。' : `询问腾讯 ${asked} 次。`
      const circuit = hasOpened
        ? '攻击打开了熔断器。'
        : isCircuitOpen
          ? '熔断器之前就已打开，因为腾讯宕机。'
          : '熔断器保持关闭。'
      const evidence = hasEvidence && !hasOpened ? '证据来自金丝雀。' : hasEvidence ? '有故障证据。' : '没有故障证据。'
      const { visits } = honest
      const users =
        honest.verified === visits
          ? `${visits} 个正常用户全部通过验证。`
          : `${visits} 个正常用户中 ${honest.verified} 个通过验证，${honest.passed - honest.verified} 个未经验证被放行。`
      return [gained, calls, `${circuit}${evidence}`, users]
    },
    percent,
  },
}
