// One process of a site on a shared Redis: it does what the test says and reports each change of its override. Bundled and forked by a test.

import type { OverrideMode } from '../../../lib/admission/question.js'
import { systemClock } from '../../../lib/clock.js'
import { GuardParts } from '../../../lib/guard/guard-parts.js'
import { operations } from '../../../lib/guard/operations.js'
import { parseOptions } from '../../../lib/options/config.js'
import { redisStore } from '../../../lib/store/redis/index.js'
import { clientLibraries } from './client-libraries.js'

export interface SiteOrder {
  readonly library: string
  readonly port: number
}

export type SiteCommand =
  | { readonly kind: 'override'; readonly mode: OverrideMode; readonly forMs?: number }
  | { readonly kind: 'publish'; readonly status: string }
  | { readonly kind: 'read' }

export type SiteReport =
  /** The override as of now; `atMs` is milliseconds since 1970. */
  | { readonly kind: 'mode'; readonly mode: OverrideMode; readonly by: string | undefined; readonly atMs: number }
  | { readonly kind: 'store'; readonly state: 'up' | 'down' }
  | { readonly kind: 'statuses'; readonly statuses: readonly string[] }

const send = (report: SiteReport) => process.send?.(report)

function run({ library, port }: SiteOrder): void {
  const connection = clientLibraries.find(({ name }) => name === library)?.open(port)
  if (connection === undefined) throw new Error('no such library')
  const config = parseOptions({
    captchaAppId: 190000001,
    appSecretKey: 'test',
    credential: { secretId: 'test', secretKey: 'test' },
    endpoint: 'http://127.0.0.1:1',
    logger: false,
    store: redisStore(connection.client),
  })
  const parts = new GuardParts(config, systemClock, 'site-process.ts')
  const { fleet } = parts.services
  const { override, snapshot } = operations(parts)
  let [last, lastState] = ['', '']
  setInterval(() => {
    const { override, store } = snapshot()
    const { mode, by } = override
    if (mode !== last) send({ kind: 'mode', mode, by, atMs: performance.timeOrigin + performance.now() })
    if (store.state !== lastState) send({ kind: 'store', state: store.state })
    last = mode
    lastState = store.state
  }, 10)
  process.on('message', (command: SiteCommand) => {
    switch (command.kind) {
      case 'override':
        return override(command.mode, { by: `${process.pid}`, ...(command.forMs && { forMs: command.forMs }) })
      case 'publish':
        return void fleet.publish(() => command.status)
      case 'read':
        return void fleet.read().then((statuses) => send({ kind: 'statuses', statuses }))
    }
  })
}

process.once('message', run)
process.once('disconnect', () => process.exit())
