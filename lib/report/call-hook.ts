/** Calls a hook of the application's. A bug in it, now or later, changes nothing here. */
export function callHook(hook: () => unknown): void {
  try {
    const result = hook()
    if (result instanceof Promise) result.catch(() => {})
  } catch {
    // The hook is the application's.
  }
}
