import type { ServerResponse } from 'node:http'
import type { TimerSet } from './timer-set.js'
import type { WireAnswer } from './wire-answer.js'

function reset(response: ServerResponse): void {
  const { socket } = response
  if (socket === null) return
  // Only a plain TCP socket can be reset; anything else is destroyed.
  if (socket.resetAndDestroy === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

/** Writes half of the body; `flushed` is called when it has left. */
function sendHalf(response: ServerResponse, body: string, flushed: () => void): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write(body.slice(0, Math.floor(body.length / 2)), flushed)
}

/** Carries out a wire answer. `ended` is called before the simulator itself breaks the connection. */
export function sendWireAnswer(
  answer: WireAnswer,
  response: ServerResponse,
  timers: TimerSet,
  ended: () => void,
): void {
  switch (answer.kind) {
    case 'hang':
      return
    case 'reset':
      ended()
      reset(response)
      return
    case 'part_of_body':
      sendHalf(response, answer.body, () => {
        if (answer.then === 'hang') return
        ended()
        response.socket?.destroy()
      })
      return
    case 'respond': {
      const send = (): void => {
        if (response.destroyed) return
        response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
        response.end(answer.body)
      }
      if (answer.delayMs > 0) timers.after(answer.delayMs, send)
      else send()
      return
    }
  }
}
