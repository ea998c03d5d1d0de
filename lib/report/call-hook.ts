import { isThenable } from '../options/call-option.js'

/** Calls a hook or a logger of the application's. What it throws, or rejects with, changes nothing and ends no process. */
export function callHook(hook: () => unknown): void {
  try {
    const result = hook()
    if (isThenable(result)) Promise.resolve(result).catch(() => {})
  } catch {
    // A bug in a hook, or a full disk, must not decide about a request.
  }
}
