import { EventEmitter, once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { maxStreams, StatusStream, type StreamKind } from '../../../lib/status/http/status-stream.js'
import type { StatusReport } from '../../../lib/status/status-report.js'
import { ManualClock } from '../../support/manual-clock.js'

/** A response whose client reads at once, or not at all. */
class Client extends EventEmitter {
  readonly written: string[] = []
  statusCode = 0
  isReading = true
  isOver = false
  #unread = 0

  setHeader(): void {}

  write(text: string): void {
    this.written.push(text)
    if (!this.isReading) this.#unread += text.length
  }

  get destroyed(): boolean {
    return this.isOver
  }

  get writableLength(): number {
    return this.isReading ? 0 : this.#unread
  }

  end(): void {
    this.#close()
  }

  destroy(): void {
    this.#close()
  }

  /** Events by name, with their data. */
  get events(): [string, unknown][] {
    const messages = this.written.flatMap((text) => [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)])
    return messages.map(([, name = '', data = '']) => [name, JSON.parse(data)])
  }

  #close(): void {
    if (this.isOver) return
    this.isOver = true
    this.emit('close')
  }
}

function streamUnderTest() {
  const clock = new ManualClock()
  const computed = { reports: 0, parts: [] as string[] }
  const parts: Record<string, string> = { fixed: 'always the same', ticking: '0' }
  const stream = new StatusStream({
    clock,
    report: async () => {
      computed.reports++
      return { version: 1, at: String(computed.reports), sites: [] } satisfies StatusReport
    },
    parts: (_report, language) => {
      computed.parts.push(language)
      return { ...parts }
    },
  })
  const open = (kind: StreamKind = 'en', client = new Client()) => {
    const isOpen = stream.open(client as unknown as ServerResponse, kind)
    return Object.assign(client, { isOpen })
  }
  return { clock, computed, parts, stream, open }
}

describe('the event stream', () => {
  // The `close` of its response came before; none follows.
  test('has no place for a client that left while it was authorised', async () => {
    const { clock, computed, stream, open } = streamUnderTest()
    const gone = new Client()
    gone.destroy()
    expect(open('en', gone)).toMatchObject({ isOpen: true, written: [] })
    await clock.advance(10_000)
    expect([stream.size, computed.reports]).toEqual([0, 0])
  })

  test('computes nothing before the first client and after the last one', async () => {
    const { clock, computed, open } = streamUnderTest()
    await clock.advance(60_000)
    expect(computed.reports).toBe(0)
    const client = open()
    await clock.advance(4_000)
    expect(computed.reports).toBe(3)
    client.end()
    await clock.advance(60_000)
    expect(computed.reports).toBe(3)
    expect(clock.pendingTimers).toBe(0)
    open()
    await clock.advance(0)
    expect(computed.reports).toBe(4)
  })

  test('computes a tick once for all clients, and the parts once for each language', async () => {
    const { clock, computed, open } = streamUnderTest()
    for (const kind of ['en', 'en', 'zh', 'json', 'json'] as const) open(kind)
    await clock.advance(2_000)
    expect(computed).toEqual({ reports: 2, parts: ['en', 'zh', 'en', 'zh'] })
  })

  test('sends every part first and then those that changed; JSON whole', async () => {
    const { clock, parts, open } = streamUnderTest()
    const page = open('en')
    const json = open('json')
    await clock.advance(0)
    parts.ticking = '1'
    await clock.advance(2_000)
    const late = open('en')
    await clock.advance(2_000)
    expect(page.events).toEqual([
      ['parts', { fixed: 'always the same', ticking: '0' }],
      ['parts', { ticking: '1' }],
      ['parts', {}],
    ])
    expect(late.events).toEqual([['parts', { fixed: 'always the same', ticking: '1' }]])
    expect(json.events.map(([name, data]) => [name, (data as StatusReport).at])).toEqual([
      ['status', '1'],
      ['status', '2'],
      ['status', '3'],
    ])
  })

  test('sends nothing more to a client that does not read, and drops it', async () => {
    const { clock, stream, open } = streamUnderTest()
    const client = open('json')
    client.isReading = false
    await clock.advance(0)
    await clock.advance(20_000)
    expect(client.events).toHaveLength(1)
    expect(client.isOver).toBe(false)
    await clock.advance(20_000)
    expect(client.isOver).toBe(true)
    expect(client.events).toHaveLength(1)
    expect(stream.size).toBe(0)
  })

  test('drops a client whose response waits behind another one, and does not close', async () => {
    const { clock, stream, open } = streamUnderTest()
    const client = open('json')
    client.isReading = false
    client.destroy = () => {}
    await clock.advance(0)
    await clock.advance(40_000)
    expect(stream.size).toBe(0)
  })

  test('sends a client that has caught up everything', async () => {
    const { clock, open } = streamUnderTest()
    const client = open('en')
    await clock.advance(0)
    Object.defineProperty(client, 'writableLength', { value: 9, configurable: true })
    await clock.advance(4_000)
    expect(client.events).toHaveLength(1)
    Object.defineProperty(client, 'writableLength', { value: 0 })
    await clock.advance(2_000)
    expect(client.events.at(-1)).toEqual(['parts', { fixed: 'always the same', ticking: '0' }])
  })

  test('is refused where too many are open, and free again when one ends', () => {
    const { open } = streamUnderTest()
    const clients = Array.from({ length: maxStreams }, () => open('json'))
    expect(clients.every(({ isOpen }) => isOpen)).toBe(true)
    expect(open('json').isOpen).toBe(false)
    clients[0]?.end()
    expect(open('json').isOpen).toBe(true)
  })

  test('ends after ten minutes, so that the next one is authorised again', async () => {
    const { clock, open } = streamUnderTest()
    const client = open('json')
    await clock.advance(599_000)
    expect(client.isOver).toBe(false)
    await clock.advance(2_000)
    expect(client.isOver).toBe(true)
  })

  test('ends for all where a report fails, and begins again with the next client', async () => {
    const clock = new ManualClock()
    let isBroken = true
    const stream = new StatusStream({
      clock,
      report: async () => {
        if (isBroken) throw new Error('bug')
        return { version: 1, at: '', sites: [] }
      },
      parts: () => ({}),
    })
    const client = new Client()
    stream.open(client as unknown as ServerResponse, 'json')
    await clock.advance(0)
    expect(client.isOver).toBe(true)
    isBroken = false
    const next = new Client()
    stream.open(next as unknown as ServerResponse, 'json')
    await clock.advance(0)
    expect(next.events).toHaveLength(1)
  })
})

test('a client on a real socket that never reads costs one message, and is dropped', async () => {
  const clock = new ManualClock()
  const messageBytes = 4_000_000
  const report = async (): Promise<StatusReport> => ({ version: 1, at: 'x'.repeat(messageBytes), sites: [] })
  const stream = new StatusStream({ clock, report, parts: () => ({}) })
  let served: ServerResponse | undefined
  const server = createServer((_req, res) => {
    served = res
    stream.open(res, 'json')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  try {
    socket.on('error', () => {})
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(server, 'request')
    let heldBytes = 0
    for (let tick = 0; tick < 60 && stream.size > 0; tick++) {
      await clock.advance(2_000)
      for (let turn = 0; turn < 20; turn++) await setImmediate()
      heldBytes = Math.max(heldBytes, served?.writableLength ?? 0)
    }
    expect(stream.size).toBe(0)
    expect(served?.destroyed).toBe(true)
    expect(heldBytes).toBeGreaterThan(0)
    expect(heldBytes).toBeLessThan(1.5 * messageBytes)
  } finally {
    socket.destroy()
    server.closeAllConnections()
    server.close()
  }
})
