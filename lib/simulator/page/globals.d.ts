/** Argument of the function that the build puts around the compiled script: the simulator serves it as JSON. */
declare const parameters: import('../faults.js').ScriptParameters

/** Text of a style sheet. */
declare module '*.css' {
  const text: string
  export default text
}

interface Window {
  /** The constructor that pages call. */
  TencentCaptcha?: unknown
  /** `true` under the international script. */
  TCaptchaGlobal?: boolean
}
