// Says how the package and Node treat a subscriber that throws. Prints one line of JSON.
import { subscribe } from 'node:diagnostics_channel'
import { captchaChannels, captchaGuard } from '../../dist/esm/index.js'
import { startSimulator } from '../../dist/esm/simulator/index.js'

const uncaught = []
process.on('uncaughtException', (error) => uncaught.push(error.message))

const fail = (name) => () => {
  throw new Error(name)
}
subscribe(captchaChannels.verdict, fail('verdict'))
subscribe(captchaChannels.call, fail('call'))
for (const stage of ['start', 'end', 'asyncStart', 'asyncEnd']) {
  subscribe(`tracing:${captchaChannels.verify}:${stage}`, fail(stage))
}

const simulator = await startSimulator()
const { captchaAppId, appSecretKey, credential, url: endpoint, scriptUrl } = simulator
const fallback = { scriptUrl }
const guard = captchaGuard({
  captchaAppId,
  appSecretKey,
  credential,
  endpoint,
  logger: false,
  degradation: { fallback },
})
const userIp = '203.0.113.7'
const verified = await guard.check({ ...simulator.mintTicket(), userIp })
const missing = await guard.check({ ticket: undefined, userIp })
await new Promise((resolve) => setImmediate(resolve))
await guard.close()
await simulator.close()
console.log(JSON.stringify({ reasons: [verified.reason, missing.reason], uncaught }))
