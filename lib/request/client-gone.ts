import type { ServerResponse } from 'node:http'

/**
 * Aborts when the client goes away before it was answered. Seen on the response: the request's own `close` has already
 * fired once a body parser has read it.
 */
export function abortWhenGone(res: ServerResponse): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const onClose = () => {
    if (!res.writableEnded) controller.abort()
  }
  if (res.destroyed || res.closed) onClose()
  res.once('close', onClose)
  return { signal: controller.signal, stop: () => res.off('close', onClose) }
}
