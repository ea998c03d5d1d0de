// The vendor's generated client fits as it is.
import { captchaGuard } from 'tencent-captcha-guard'
import { captcha } from 'tencentcloud-sdk-nodejs-captcha'

const client = new captcha.v20190722.Client({ credential: { secretId: 'a', secretKey: 'b' }, region: '' })

export const guard = captchaGuard({ captchaAppId: 1, appSecretKey: 'x', client })
