import type { ServerResponse } from 'node:http'
import type { Problem } from './problem.js'

/** Writes a problem+json answer. Throws what a hook on the response throws. */
export function respond(res: ServerResponse, problem: Problem): void {
  if (res.headersSent) return
  res.statusCode = problem.status
  for (const [name, value] of Object.entries(problem.headers)) res.setHeader(name, value)
  res.end(problem.body)
}
