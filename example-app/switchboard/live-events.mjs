// @ts-check

const everyMs = 1000

/**
 * Server-sent events: the state every second and after each verdict, verdicts and log lines as they come. The timer lives as long
 * as somebody looks.
 *
 * @param {object} options
 * @param {import('../live-feed.mjs').LiveFeed} options.feed
 * @param {() => object} options.readState
 * @returns {import('express').RequestHandler}
 */
export function liveEvents({ feed, readState }) {
  return function liveEventsHandler(_req, res) {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    /**
     * @param {string} event
     * @param {object} data
     */
    const send = (event, data) => res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    const sendState = () => send('state', readState())

    for (const entry of feed.recent.verdict) send('verdict', entry)
    for (const entry of feed.recent.log) send('log', entry)
    sendState()
    const unsubscribe = feed.subscribe(send)
    const timer = setInterval(sendState, everyMs)
    res.on('close', () => {
      clearInterval(timer)
      unsubscribe()
    })
  }
}
