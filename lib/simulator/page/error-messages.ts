/** `errorMessage` of each error code that the vendor documents or its script contains. */
export const errorMessages: Readonly<Record<number, string>> = {
  1001: 'jsload_error',
  1002: 'captcha_show_timeout',
  1003: 'framejs_load_timeout',
  1004: 'framejs_load_error',
  1005: 'framejs_run_error',
  1006: 'get_captcha_config_request_error',
  1007: 'pre_template_load_timeout',
  1008: 'iframe_load_timeout',
  1009: 'lib_jq_load_error',
  1010: 'captcha_js_load_error',
  1011: 'captcha_js_run_error',
  1012: 'refresh_error',
  1013: 'verify_error',
  1014: 'rate_limit',
  1085: 'invisible_verify_error',
}
