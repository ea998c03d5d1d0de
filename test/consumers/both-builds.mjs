// One process with the ESM and the CommonJS build: two copies of the package, one site.
import { createRequire } from 'node:module'
import { captchaGuard } from 'tencent-captcha-guard'
import { startSimulator } from 'tencent-captcha-guard/simulator'

const cjs = createRequire(import.meta.url)('tencent-captcha-guard')
const tencent = await startSimulator()
const options = {
  captchaAppId: tencent.captchaAppId,
  appSecretKey: tencent.appSecretKey,
  credential: tencent.credential,
  endpoint: tencent.url,
  logger: false,
}
const esmGuard = captchaGuard(options)
const cjsGuard = cjs.captchaGuard(options)
const seconds = Math.floor(Date.now() / 1000)
const fallback = (randstr) => ({
  ticket: `trerror_1001_${tencent.captchaAppId}_${seconds}`,
  randstr,
  userIp: '8.8.8.8',
})

const first = await esmGuard.check(fallback('@1'))
const again = await cjsGuard.check(fallback('@1'))
esmGuard.override('verify_only')
let conflict
try {
  cjs.captchaGuard({ ...options, maxInFlight: 7 })
  captchaGuard({ ...options, maxInFlight: 8 })
} catch (error) {
  conflict = error.option
}
console.log(JSON.stringify([first.reason, again.reason, cjsGuard.snapshot().override.mode, conflict]))
await Promise.all([esmGuard.close(), cjsGuard.close(), tencent.close()])
