import type {
  ApiFault,
  ApiFaultName,
  ApiFaultOptions,
  ScriptFault,
  ScriptFaultName,
  SimulatorFaults,
} from 'tencent-captcha-guard/simulator'

export interface Switch<Fault = unknown> {
  readonly id: string
  readonly label: string
  /** `null` is health. */
  readonly fault: Fault | null
  readonly options?: ApiFaultOptions
}

export interface SwitchGroup<Fault = unknown> {
  readonly title: string
  readonly switches: readonly Switch<Fault>[]
}

const apiFault = (fault: ApiFaultName, label: string): Switch<ApiFault> => ({ id: fault, label, fault })
const scriptFault = (fault: ScriptFaultName, label: string): Switch<ScriptFault> => ({ id: fault, label, fault })

/** The faults of the simulated API under plain names, as the page groups them; the first group is always in sight. */
export const apiGroups: readonly SwitchGroup<ApiFault>[] = [
  {
    title: 'Common outages',
    switches: [
      { id: 'none', label: 'API works', fault: null },
      apiFault('hang', 'API hangs'),
      apiFault('internal_error', 'API answers InternalError'),
      { id: 'third', label: '30 % of calls fail', fault: 'internal_error', options: { share: 0.3 } },
      apiFault('system_busy', 'System busy (code 26)'),
      apiFault('refuse', 'Connection refused'),
    ],
  },
  {
    title: 'Slow or cut off',
    switches: [
      apiFault('slow', 'Answers after 1.9 s'),
      apiFault('hang_body', 'Hangs halfway through'),
      apiFault('reset', 'Connection reset'),
      apiFault('cut_body', 'Connection ends mid-answer'),
    ],
  },
  {
    title: 'HTTP errors',
    switches: [
      apiFault('http_500_html', '500 with HTML'),
      apiFault('http_502_html', '502 with HTML'),
      apiFault('http_503_html', '503 with HTML'),
      apiFault('http_500_json', '500 with JSON'),
      apiFault('http_502_json', '502 with JSON'),
      apiFault('http_503_json', '503 with JSON'),
      apiFault('redirect', 'Redirect to another host'),
    ],
  },
  {
    title: 'Broken answers',
    switches: [
      apiFault('truncated_json', 'Truncated JSON'),
      apiFault('not_json', 'Not JSON'),
      apiFault('empty_object', 'Empty object'),
      apiFault('null_response', 'Response is null'),
      apiFault('string_code', 'Code as a string'),
      apiFault('event_stream', 'Event stream'),
      apiFault('oversized', '1 MiB answer'),
    ],
  },
  {
    title: 'Errors Tencent names',
    switches: [
      apiFault('internal_server_error', 'InternalServerError'),
      apiFault('request_limit_exceeded', 'RequestLimitExceeded'),
      apiFault('auth_failure', 'AuthFailure (wrong keys)'),
      apiFault('unauthorized_operation', 'UnauthorizedOperation'),
    ],
  },
]

const errorCodes = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1085]

/** {@link apiGroups} for the simulated script. */
export const scriptGroups: readonly SwitchGroup<ScriptFault>[] = [
  {
    title: 'In the visitor’s browser',
    switches: [
      { id: 'none', label: 'Script works', fault: null },
      scriptFault('refuse_connection', 'Script blocked'),
      scriptFault('not_found', 'Script is a 404'),
      scriptFault('hang', 'Script never arrives'),
      scriptFault('constructor_throws', 'Script throws'),
      scriptFault('fallback_after_show', 'Script gives a fallback ticket'),
    ],
  },
  {
    title: 'Stranger things',
    switches: [
      scriptFault('empty', 'Empty script'),
      scriptFault('never_ready', 'Challenge never appears'),
      scriptFault('late_second_callback', 'Second callback after a pass'),
      scriptFault('user_closes', 'Visitor closes the challenge'),
    ],
  },
  {
    title: 'Fallback ticket with error code',
    switches: errorCodes.map((errorCode) => ({
      id: `code_${errorCode}`,
      label: String(errorCode),
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
export function brokenParts(faults: SimulatorFaults): string[] {
  const { api, script } = switchesOn(faults)
  const broken = []
  if (faults.api) broken.push(api?.label ?? 'API broken')
  if (faults.script) broken.push(script?.label.replace(/^(?=\d+$)/, 'Fallback ticket ') ?? 'Script broken')
  return broken
}

function switchOf(groups: readonly SwitchGroup[], fault: unknown, share?: number): Switch | undefined {
  const wanted = JSON.stringify([fault, share])
  return groups
    .flatMap(({ switches }) => switches)
    .find(({ fault, options }) => JSON.stringify([fault, options?.share]) === wanted)
}
