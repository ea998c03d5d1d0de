// @ts-check

/**
 * The simulator's faults under plain names, grouped as the page shows them. `fault: null` is health.
 *
 * @typedef {object} Switch
 * @property {string} id
 * @property {string} label
 * @property {any} fault
 * @property {{ share?: number }} [options]
 */

/** @type {{ title: string, isFolded?: boolean, switches: Switch[] }[]} */
export const apiGroups = [
  {
    title: 'Common outages',
    switches: [
      { id: 'none', label: 'API works', fault: null },
      { id: 'hang', label: 'API hangs', fault: 'hang' },
      { id: 'internal_error', label: 'API answers InternalError', fault: 'internal_error' },
      { id: 'third', label: '30 % of calls fail', fault: 'internal_error', options: { share: 0.3 } },
      { id: 'system_busy', label: 'System busy (code 26)', fault: 'system_busy' },
      { id: 'refuse', label: 'Connection refused', fault: 'refuse' },
    ],
  },
  {
    title: 'Slow or cut off',
    isFolded: true,
    switches: [
      { id: 'slow', label: 'Answers after 1.9 s', fault: 'slow' },
      { id: 'hang_body', label: 'Hangs halfway through', fault: 'hang_body' },
      { id: 'reset', label: 'Connection reset', fault: 'reset' },
      { id: 'cut_body', label: 'Connection ends mid-answer', fault: 'cut_body' },
    ],
  },
  {
    title: 'HTTP errors',
    isFolded: true,
    switches: [
      { id: 'http_500_html', label: '500 with HTML', fault: 'http_500_html' },
      { id: 'http_502_html', label: '502 with HTML', fault: 'http_502_html' },
      { id: 'http_503_html', label: '503 with HTML', fault: 'http_503_html' },
      { id: 'http_500_json', label: '500 with JSON', fault: 'http_500_json' },
      { id: 'http_502_json', label: '502 with JSON', fault: 'http_502_json' },
      { id: 'http_503_json', label: '503 with JSON', fault: 'http_503_json' },
      { id: 'redirect', label: 'Redirect to another host', fault: 'redirect' },
    ],
  },
  {
    title: 'Broken answers',
    isFolded: true,
    switches: [
      { id: 'truncated_json', label: 'Truncated JSON', fault: 'truncated_json' },
      { id: 'not_json', label: 'Not JSON', fault: 'not_json' },
      { id: 'empty_object', label: 'Empty object', fault: 'empty_object' },
      { id: 'null_response', label: 'Response is null', fault: 'null_response' },
      { id: 'string_code', label: 'Code as a string', fault: 'string_code' },
      { id: 'event_stream', label: 'Event stream', fault: 'event_stream' },
      { id: 'oversized', label: '1 MiB answer', fault: 'oversized' },
    ],
  },
  {
    title: 'Errors Tencent names',
    isFolded: true,
    switches: [
      { id: 'internal_server_error', label: 'InternalServerError', fault: 'internal_server_error' },
      { id: 'request_limit_exceeded', label: 'RequestLimitExceeded', fault: 'request_limit_exceeded' },
      { id: 'auth_failure', label: 'AuthFailure (wrong keys)', fault: 'auth_failure' },
      { id: 'unauthorized_operation', label: 'UnauthorizedOperation', fault: 'unauthorized_operation' },
    ],
  },
]

/** @param {number} errorCode */
function errorCode(errorCode) {
  return { id: `code_${errorCode}`, label: String(errorCode), fault: { kind: 'error_code', errorCode } }
}

/** @type {{ title: string, isFolded?: boolean, switches: Switch[] }[]} */
export const scriptGroups = [
  {
    title: 'In the visitor’s browser',
    switches: [
      { id: 'none', label: 'Script works', fault: null },
      { id: 'refuse_connection', label: 'Script blocked', fault: 'refuse_connection' },
      { id: 'not_found', label: 'Script is a 404', fault: 'not_found' },
      { id: 'hang', label: 'Script never arrives', fault: 'hang' },
      { id: 'constructor_throws', label: 'Script throws', fault: 'constructor_throws' },
      { id: 'fallback_after_show', label: 'Script gives a fallback ticket', fault: 'fallback_after_show' },
    ],
  },
  {
    title: 'Stranger things',
    isFolded: true,
    switches: [
      { id: 'empty', label: 'Empty script', fault: 'empty' },
      { id: 'never_ready', label: 'Challenge never appears', fault: 'never_ready' },
      { id: 'late_second_callback', label: 'Second callback after a pass', fault: 'late_second_callback' },
      { id: 'user_closes', label: 'Visitor closes the challenge', fault: 'user_closes' },
    ],
  },
  {
    title: 'Fallback ticket with error code',
    isFolded: true,
    switches: [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1085].map(errorCode),
  },
]

/**
 * @param {{ switches: Switch[] }[]} groups
 * @param {unknown} id
 */
export function findSwitch(groups, id) {
  return groups.flatMap(({ switches }) => switches).find((found) => found.id === id)
}

/**
 * The switches that are on now.
 *
 * @param {import('tencent-captcha-guard/simulator').SimulatorFaults} faults
 */
export function switchesOn({ api, script }) {
  return {
    api: idOf(apiGroups, api?.fault ?? null, api?.options.share),
    script: idOf(scriptGroups, script, undefined),
  }
}

/**
 * @param {{ switches: Switch[] }[]} groups
 * @param {unknown} fault
 * @param {number | undefined} share
 */
function idOf(groups, fault, share) {
  const wanted = JSON.stringify([fault, share])
  return groups
    .flatMap(({ switches }) => switches)
    .find(({ fault, options }) => JSON.stringify([fault, options?.share]) === wanted)?.id
}
