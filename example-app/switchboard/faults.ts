import type {
  ApiFault,
  ApiFaultName,
  ApiFaultOptions,
  ScriptFault,
  ScriptFaultName,
  SimulatorFaults,
} from 'tencent-captcha-guard/simulator'
import type { Said, Say } from '../say.js'

export interface Switch<Fault = unknown> {
  readonly id: string
  readonly label: Said
  /** `null` is health. */
  readonly fault: Fault | null
  readonly options?: ApiFaultOptions
}

export interface SwitchGroup<Fault = unknown> {
  readonly title: Said
  readonly switches: readonly Switch<Fault>[]
}

const apiFault = (fault: ApiFaultName, label: Said): Switch<ApiFault> => ({ id: fault, label, fault })
const scriptFault = (fault: ScriptFaultName, label: Said): Switch<ScriptFault> => ({ id: fault, label, fault })

/** The faults of the simulated API under plain names, as the page groups them; the first group is always in sight. */
export const apiGroups: readonly SwitchGroup<ApiFault>[] = [
  {
    title: ['Common outages', '常见故障'],
    switches: [
      { id: 'none', label: ['API works', 'API 正常'], fault: null },
      apiFault('hang', ['API hangs', 'API 挂起']),
      apiFault('internal_error', ['API answers InternalError', 'API 回答 InternalError']),
      {
        id: 'third',
        label: ['30 % of calls fail', '30 % 的调用失败'],
        fault: 'internal_error',
        options: { share: 0.3 },
      },
      apiFault('system_busy', ['System busy (code 26)', '系统繁忙（code 26）']),
      apiFault('refuse', ['Connection refused', '拒绝连接']),
    ],
  },
  {
    title: ['Slow or cut off', '变慢或中断'],
    switches: [
      apiFault('slow', ['Answers after 1.9 s', '1.9 s 后才回答']),
      apiFault('hang_body', ['Hangs halfway through', '回答到一半挂起']),
      apiFault('reset', ['Connection reset', '连接被重置']),
      apiFault('cut_body', ['Connection ends mid-answer', '回答中途断开']),
    ],
  },
  {
    title: ['HTTP errors', 'HTTP 错误'],
    switches: [
      apiFault('http_500_html', ['500 with HTML', '500，HTML']),
      apiFault('http_502_html', ['502 with HTML', '502，HTML']),
      apiFault('http_503_html', ['503 with HTML', '503，HTML']),
      apiFault('http_500_json', ['500 with JSON', '500，JSON']),
      apiFault('http_502_json', ['502 with JSON', '502，JSON']),
      apiFault('http_503_json', ['503 with JSON', '503，JSON']),
      apiFault('redirect', ['Redirect to another host', '重定向到别的主机']),
    ],
  },
  {
    title: ['Broken answers', '损坏的回答'],
    switches: [
      apiFault('truncated_json', ['Truncated JSON', '被截断的 JSON']),
      apiFault('not_json', ['Not JSON', '不是 JSON']),
      apiFault('empty_object', ['Empty object', '空对象']),
      apiFault('null_response', ['Response is null', 'Response 为 null']),
      apiFault('string_code', ['Code as a string', 'code 是字符串']),
      apiFault('event_stream', ['Event stream', '事件流']),
      apiFault('oversized', ['1 MiB answer', '1 MiB 的回答']),
    ],
  },
  {
    title: ['Errors Tencent names', '腾讯写明的错误'],
    switches: [
      apiFault('internal_server_error', ['InternalServerError', 'InternalServerError']),
      apiFault('request_limit_exceeded', ['RequestLimitExceeded', 'RequestLimitExceeded']),
      apiFault('auth_failure', ['AuthFailure (wrong keys)', 'AuthFailure（密钥错误）']),
      apiFault('unauthorized_operation', ['UnauthorizedOperation', 'UnauthorizedOperation']),
    ],
  },
]

const errorCodes = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1085]

/** {@link apiGroups} for the simulated script. */
export const scriptGroups: readonly SwitchGroup<ScriptFault>[] = [
  {
    title: ['In the visitor’s browser', '在访客的浏览器里'],
    switches: [
      { id: 'none', label: ['Script works', '脚本正常'], fault: null },
      scriptFault('refuse_connection', ['Script blocked', '脚本被拦截']),
      scriptFault('not_found', ['Script is a 404', '脚本 404']),
      scriptFault('hang', ['Script never arrives', '脚本一直不到']),
      scriptFault('constructor_throws', ['Script throws', '脚本抛出异常']),
      scriptFault('fallback_after_show', ['Script gives a fallback ticket', '脚本给出容灾票据']),
    ],
  },
  {
    title: ['Stranger things', '更奇怪的情况'],
    switches: [
      scriptFault('empty', ['Empty script', '空脚本']),
      scriptFault('never_ready', ['Challenge never appears', '验证码一直不出现']),
      scriptFault('late_second_callback', ['Second callback after a pass', '通过后再次回调']),
      scriptFault('user_closes', ['Visitor closes the challenge', '访客关闭验证码']),
    ],
  },
  {
    title: ['Fallback ticket with error code', '带错误码的容灾票据'],
    switches: errorCodes.map((errorCode) => ({
      id: `code_${errorCode}`,
      label: [String(errorCode), String(errorCode)],
      fault: { kind: 'error_code', errorCode },
    })),
  },
]

/** Returns the switch of that id, `undefined` when there is none. */
export function findSwitch<Fault>(groups: readonly SwitchGroup<Fault>[], id: unknown): Switch<Fault> | undefined {
  return groups.flatMap(({ switches }) => switches).find((found) => found.id === id)
}

/** Returns the switches that are on now. A fault that no switch stands for is left out. */
export function switchesOn({ api, script }: SimulatorFaults): { api?: Switch; script?: Switch } {
  const apiSwitch = switchOf(apiGroups, api?.fault ?? null, api?.options.share)
  const scriptSwitch = switchOf(scriptGroups, script)
  return { ...(apiSwitch && { api: apiSwitch }), ...(scriptSwitch && { script: scriptSwitch }) }
}

/** Returns short names of what is broken now: of the API, of the script, of both or of none. */
export function brokenParts(faults: SimulatorFaults, say: Say): string[] {
  const { api, script } = switchesOn(faults)
  const broken = []
  if (faults.api) broken.push(say(...(api?.label ?? ['API broken', 'API 已损坏'])))
  if (faults.script) {
    const label = say(...(script?.label ?? ['Script broken', '脚本已损坏']))
    broken.push(label.replace(/^(?=\d+$)/, say('Fallback ticket ', '容灾票据 ')))
  }
  return broken
}

function switchOf(groups: readonly SwitchGroup[], fault: unknown, share?: number): Switch | undefined {
  const wanted = JSON.stringify([fault, share])
  return groups
    .flatMap(({ switches }) => switches)
    .find(({ fault, options }) => JSON.stringify([fault, options?.share]) === wanted)
}
