import type { CaptchaChannel, RiskContext } from '../types.js'

/** One ticket to be verified. */
export interface VerifyCall {
  readonly channel: CaptchaChannel
  readonly ticket: string
  readonly randstr: string
  readonly userIp: string
  /** What the application adds, checked. */
  readonly risk?: RiskContext | undefined
}

/** Action and parameters of one API 3.0 request. */
export interface ApiRequest {
  readonly action: 'DescribeCaptchaResult' | 'DescribeCaptchaMiniResult'
  readonly params: Readonly<Record<string, string | number>>
}

/** `CaptchaType` is 9 for every kind of CAPTCHA the vendor still offers. */
const captchaType = 9

/** The API 3.0 request that verifies a ticket. Spreads come last: V8 makes a hidden class an object where a property follows one. */
export function apiRequest(call: VerifyCall, captchaAppId: number, appSecretKey: string): ApiRequest {
  const { ticket: Ticket, randstr: Randstr, userIp: UserIp, risk } = call
  const common = { CaptchaType: captchaType, CaptchaAppId: captchaAppId, AppSecretKey: appSecretKey }
  const added = risk && riskParams(risk)
  switch (call.channel) {
    case 'web': {
      const time = risk?.needGetCaptchaTime && { NeedGetCaptchaTime: 1 }
      return { action: 'DescribeCaptchaResult', params: { Ticket, Randstr, UserIp, ...common, ...added, ...time } }
    }
    case 'mini_program':
      return { action: 'DescribeCaptchaMiniResult', params: { Ticket, UserIp, ...common, ...added } }
  }
}

function riskParams({ businessId, sceneId, macAddress, imei }: RiskContext): ApiRequest['params'] {
  return {
    ...(businessId !== undefined && { BusinessId: businessId }),
    ...(sceneId !== undefined && { SceneId: sceneId }),
    ...(macAddress !== undefined && { MacAddress: macAddress }),
    ...(imei !== undefined && { Imei: imei }),
  }
}
