/**
 * Text of the compiled page script: a JavaScript expression, a function of the `ScriptParameters`. The module itself comes with the
 * build.
 */
export declare const pageScript: string
