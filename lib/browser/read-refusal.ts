/** What the guard on the server said when it refused a request (RFC 9457). */
export type Refusal = { code: string; retryAfterMs: number }

/** Reads the guard's refusals; every other answer is the application's, and gives `undefined`. */
export async function readRefusal(answer: unknown): Promise<Refusal | undefined> {
  try {
    const response = answer as Response
    if (response.ok) return undefined
    const { code } = await response.clone().json()
    if (!/^captcha_/.test(code)) return undefined
    return { code, retryAfterMs: Number(response.headers.get('retry-after')) * 1000 }
  } catch {
    return undefined
  }
}
