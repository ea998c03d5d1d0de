/** What the HTML report says, in one language. Names of causes, reasons and events are those of the log and stay as they are. */
export interface HtmlTexts {
  readonly lang: 'en' | 'zh'
  readonly languageName: string
  readonly title: string
  readonly read: (lines: string, captchaLines: string, broken: string) => string
  readonly span: (from: string, to: string, zone: string, processes: number) => string
  readonly damaged: string
  readonly noLines: string
  readonly noOutage: string
  readonly overview: string
  readonly outage: (number: number) => string
  readonly outside: string
  readonly application: string
  readonly from: string
  readonly to: string
  readonly lasted: string
  readonly endNotLogged: string
  readonly path: string
  readonly why: string
  readonly passes: string
  readonly fromPurse: string
  readonly degradedRefusals: string
  readonly otherRefusals: string
  readonly verified: string
  readonly verifiedNotLogged: string
  readonly bots: string
  readonly botsOf: (low: string, high: string, ordinary: string) => string
  readonly botsHow: (share: string, low: string, high: string, checked: string) => string
  readonly botsUnchecked: (passes: string) => string
  readonly botsUnknown: string
  readonly median: string
  readonly p99: string
  readonly most: string
  readonly over: (count: string, limit: string) => string
  readonly waits: string
  readonly waitsNote: string
  readonly slowestMinute: string
  readonly inAll: (sum: string, requests: string) => string
  readonly decisionsAMinute: string
  readonly waitsAMinute: string
  readonly outagePasses: string
  readonly doubtPasses: string
  readonly minute: string
  readonly table: string
  readonly causes: string
  readonly cause: string
  readonly reasons: string
  readonly reason: string
  readonly limits: string
  readonly limit: string
  readonly limitNames: Readonly<Record<string, string>>
  readonly suppressed: (lines: string) => string
  readonly clients: string
  readonly client: string
  readonly atLeast: string
  readonly late: string
  readonly genuine: string
  readonly refused: string
  readonly inconclusive: string
  readonly overrides: string
  readonly time: string
  readonly mode: string
  readonly by: string
  readonly approximated: string
  readonly notShown: (outages: number) => string
  readonly minuteRule: string
  readonly milliseconds: (ms: string) => string
  readonly duration: (hours: number, minutes: number, seconds: number) => string
}

const en: HtmlTexts = {
  lang: 'en',
  languageName: 'English',
  title: 'CAPTCHA outages',
  read: (lines, captchaLines, broken) => `${lines} lines read, ${captchaLines} of the guard, ${broken} broken.`,
  span: (from, to, zone, processes) => `From ${from} to ${to} (${zone}), processes: ${processes}.`,
  damaged: 'Not read to the end:',
  noLines: 'The files hold no line of the guard.',
  noOutage: 'No outage in this time.',
  overview: 'Overview',
  outage: (number) => `Outage ${number}`,
  outside: 'Outside of outages',
  application: 'Application',
  from: 'From',
  to: 'To',
  lasted: 'Lasted',
  endNotLogged: 'end not logged',
  path: 'Path',
  why: 'Why',
  passes: 'Degraded passes',
  fromPurse: 'from purse',
  degradedRefusals: 'Degraded refusals',
  otherRefusals: 'Other refusals',
  verified: 'Verified',
  verifiedNotLogged: 'not in the log (level debug)',
  bots: 'Bots among passes',
  botsOf: (low, high, ordinary) => `${low} to ${high}, of ${ordinary}`,
  botsHow: (share, low, high, checked) =>
    `Estimated: of ${checked} passes that Tencent verified late, it refused ${share} (95 % interval ${low} to ${high}). Applied to all passes with an ordinary ticket; it holds as far as the last minutes, whose tickets were still alive, are like the others.`,
  botsUnchecked: (passes) => `${passes} passes with a fallback ticket or none cannot be checked by anything.`,
  botsUnknown: 'no estimate: no late verdict tells',
  median: 'median',
  p99: '99 %',
  most: 'longest',
  over: (count, limit) => `${count} over ${limit}`,
  waits: 'Waits',
  waitsNote: 'Time in the guard, of requests that passed; bots that passed are among them.',
  slowestMinute: 'Slowest minute',
  inAll: (sum, requests) => `${sum} of waiting in all, ${requests} requests`,
  decisionsAMinute: 'Decisions a minute',
  waitsAMinute: 'Waits by minute',
  outagePasses: 'Passes, outage purse',
  doubtPasses: 'Passes, doubt purse',
  minute: 'Minute',
  table: 'As a table',
  causes: 'Why the verdict was missing (passes)',
  cause: 'Cause',
  reasons: 'Why requests were refused',
  reason: 'Reason',
  limits: 'What each limit refused',
  limit: 'Limit',
  limitNames: {
    'outage client': 'outage purse, of one client',
    'outage total': 'outage purse, in total',
    'doubt client': 'doubt purse, of one client',
    'doubt total': 'doubt purse, in total',
  },
  suppressed: (lines) =>
    `${lines} refusals whose lines were sampled away are in the totals, by reason where the log says it, and in no breakdown by limit.`,
  clients: 'Clients with most passes',
  client: 'Client, as logged',
  atLeast: 'at least',
  late: 'Verified late',
  genuine: 'genuine',
  refused: 'refused',
  inconclusive: 'inconclusive',
  overrides: 'Overrides',
  time: 'Time',
  mode: 'Mode',
  by: 'By',
  approximated: 'Approximated',
  notShown: (outages) => `${outages} smaller outages are in the overview only.`,
  minuteRule: 'Figures of an outage are those of every minute that it touches, from five seconds before its start.',
  milliseconds: (ms) => `${ms} ms`,
  duration: (hours, minutes, seconds) =>
    [hours > 0 && `${hours} h`, (hours > 0 || minutes > 0) && `${minutes} min`, `${seconds} s`]
      .filter(Boolean)
      .join(' '),
}

const zh: HtmlTexts = {
  lang: 'zh',
  languageName: '中文',
  title: '验证码故障报告',
  read: (lines, captchaLines, broken) => `共读取 ${lines} 行，其中本中间件 ${captchaLines} 行，损坏 ${broken} 行。`,
  span: (from, to, zone, processes) => `时间范围：${from} 至 ${to}（${zone}），进程数：${processes}。`,
  damaged: '未能读完的文件：',
  noLines: '文件中没有本中间件的日志。',
  noOutage: '这段时间内没有故障。',
  overview: '总览',
  outage: (number) => `故障 ${number}`,
  outside: '故障以外',
  application: '应用',
  from: '开始',
  to: '结束',
  lasted: '持续',
  endNotLogged: '日志中没有结束记录',
  path: '路径',
  why: '原因',
  passes: '降级放行',
  fromPurse: '额度来源',
  degradedRefusals: '降级拒绝',
  otherRefusals: '其他拒绝',
  verified: '验证通过',
  verifiedNotLogged: '日志中没有（debug 级别）',
  bots: '放行中的机器人',
  botsOf: (low, high, ordinary) => `${low} 至 ${high}，共 ${ordinary} 次`,
  botsHow: (share, low, high, checked) =>
    `估算方法：事后由腾讯云补验的 ${checked} 次放行中，${share} 被拒绝（95% 置信区间 ${low} 至 ${high}），再推算到全部使用普通票据的放行。补验只涉及恢复前最后几分钟仍有效的票据，其余时间若情况不同，估算会有偏差。`,
  botsUnchecked: (passes) => `另有 ${passes} 次放行使用容灾票据或没有票据，无法核实。`,
  botsUnknown: '无法估算：没有可用的补验结果',
  median: '中位数',
  p99: '99 分位',
  most: '最长',
  over: (count, limit) => `${count} 次超过 ${limit}`,
  waits: '等待时间',
  waitsNote: '被放行的请求在中间件中停留的时间，其中包含被放行的机器人。',
  slowestMinute: '最慢的一分钟',
  inAll: (sum, requests) => `累计等待 ${sum}，${requests} 次请求`,
  decisionsAMinute: '每分钟的判定',
  waitsAMinute: '每分钟的等待时间',
  outagePasses: '放行（故障额度）',
  doubtPasses: '放行（存疑额度）',
  minute: '分钟',
  table: '以表格显示',
  causes: '缺少验证结果的原因（放行）',
  cause: '原因',
  reasons: '拒绝的理由',
  reason: '理由',
  limits: '各项限制拒绝的次数',
  limit: '限制',
  limitNames: {
    'outage client': '故障额度，单个客户端上限',
    'outage total': '故障额度，总量上限',
    'doubt client': '存疑额度，单个客户端上限',
    'doubt total': '存疑额度，总量上限',
  },
  suppressed: (lines) =>
    `另有 ${lines} 次拒绝的日志被抽样省略：计入合计；日志写明时也计入原因的分类，不计入限制的分类。`,
  clients: '放行最多的客户端',
  client: '客户端（与日志一致）',
  atLeast: '至少',
  late: '事后补验',
  genuine: '真实',
  refused: '被拒',
  inconclusive: '无法判定',
  overrides: '人工开关',
  time: '时间',
  mode: '模式',
  by: '操作人',
  approximated: '近似之处',
  notShown: (outages) => `另有 ${outages} 次较小的故障只列在总览中。`,
  minuteRule: '每次故障的数字包含它涉及的每一分钟，从开始前五秒算起。',
  milliseconds: (ms) => `${ms} 毫秒`,
  duration: (hours, minutes, seconds) =>
    [hours > 0 && `${hours} 小时`, (hours > 0 || minutes > 0) && `${minutes} 分`, `${seconds} 秒`]
      .filter(Boolean)
      .join(' '),
}

export const htmlTexts = [en, zh] as const
