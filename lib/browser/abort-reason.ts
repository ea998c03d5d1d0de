/** Older browsers have signals without a reason. */
export function abortReason(signal: AbortSignal | null | undefined): unknown {
  return signal?.reason ?? new DOMException('Aborted', 'AbortError')
}

export function throwIfAborted(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) throw abortReason(signal)
}
