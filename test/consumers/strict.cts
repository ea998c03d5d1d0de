// The same package from a CommonJS TypeScript application.
import express = require('express')
import guardPackage = require('tencent-captcha-guard')
import simulatorPackage = require('tencent-captcha-guard/simulator')

const guard = guardPackage.captchaGuard({
  captchaAppId: 1,
  appSecretKey: 'x',
  credential: { secretId: 'a', secretKey: 'b' },
})
const app = express()
app.post('/a/:id', guard, (req, res) => {
  req.params.id satisfies string
  if (req.captcha?.passed && !req.captcha.degraded) req.captcha.reason satisfies 'verified'
  res.json(req.captcha)
})
// @ts-expect-error unknown option
guardPackage.captchaGuard({ captchaAppId: 1, appSecretKey: 'x', ticket: 'y' })

export = { app, start: () => simulatorPackage.startSimulator() }
