import type { StatusRequest } from './status-request.js'

/** An override's form is a few hundred bytes. */
const maxBytes = 8192

/** The fields of a body, or why there are none. `gone`: the client went away. */
export type ReadBody =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'body_too_large' | 'unsupported_body' | 'malformed_body' | 'gone' }

/** Reads a form or JSON: what the application's own parsers have left on `req.body`, else the stream, within a small bound. */
export async function readBody(req: StatusRequest): Promise<ReadBody> {
  const isParsed = req.body !== undefined && (req.readableEnded || req.readableDidRead)
  if (isParsed) return fieldsOf(req, req.body)
  const text = await readText(req)
  return typeof text === 'string' ? fieldsOf(req, text) : text
}

function fieldsOf(req: StatusRequest, body: unknown): ReadBody {
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    const parsed = parse(req, body.toString())
    return parsed === 'unsupported_body' ? { kind: parsed } : fieldsOf(req, parsed)
  }
  const isRecord = typeof body === 'object' && body !== null && !Array.isArray(body)
  return isRecord ? { kind: 'fields', fields: body as Record<string, unknown> } : { kind: 'malformed_body' }
}

/**
 * A page of another site can send a form or plain text without a preflight; the type alone keeps neither out. A request without
 * a body needs no type. `null` for broken JSON.
 */
function parse(req: StatusRequest, text: string): object | null | 'unsupported_body' {
  if (text === '') return {}
  const [type = ''] = (req.headers['content-type'] ?? '').toLowerCase().split(';')
  if (type.trim() === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text))
  if (type.trim() !== 'application/json') return 'unsupported_body'
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' ? parsed : null
  } catch {
    return null
  }
}

function readText(req: StatusRequest): Promise<string | ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const onData = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else end({ kind: 'body_too_large' })
    }
    const onEnd = () => end(Buffer.concat(chunks).toString())
    const onGone = () => end({ kind: 'gone' })
    const end = (result: string | ReadBody) => {
      req.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      resolve(result)
    }
    req.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}
