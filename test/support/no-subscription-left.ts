import { hasSubscribers } from 'node:diagnostics_channel'
import { afterAll } from '@jest/globals'
import { captchaChannels } from '../../lib/report/channels.js'

// The channels belong to the process, which runs other test files afterwards: a subscription that is left is heard by them.
afterAll(() => {
  const left = Object.values(captchaChannels).filter((name) =>
    name === captchaChannels.verify
      ? hasSubscribers(`tracing:${name}:start`) || hasSubscribers(`tracing:${name}:asyncEnd`)
      : hasSubscribers(name),
  )
  if (left.length > 0) throw new Error(`A subscription is left on ${left.join(', ')}`)
})
