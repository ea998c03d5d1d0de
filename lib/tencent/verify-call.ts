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

export interface ApiRequest {
  readonly action: 'DescribeCaptchaResult' | 'DescribeCaptchaMiniResult'
  readonly params: Readonly<Record<string, string | number>>
}

/** `CaptchaType` is 9 for every kind of CAPTCHA the vendor still offers. */
const captchaType = 9

/** The API 3.0 request that verifies a ticket. */
export function apiRequest(call: VerifyCall, captchaAppId: number, appSecretKey: string): ApiRequest {
  const common = {
    CaptchaType: captchaType,
    Ticket: call.ticket,
    UserIp: call.userIp,
    CaptchaAppId: captchaAppId,
    AppSecretKey: appSecretKey,
    ...riskParams(call.risk),
  }
  switch (call.channel) {
    case 'web':
      return {
        action: 'DescribeCaptchaResult',
        params: { ...common, Randstr: call.randstr, ...(call.risk?.needGetCaptchaTime && { NeedGetCaptchaTime: 1 }) },
      }
    case 'mini_program':
      return { action: 'DescribeCaptchaMiniResult', params: common }
  }
}

function riskParams({ businessId, sceneId, macAddress, imei }: RiskContext = {}): ApiRequest['params'] {
  return {
    ...(businessId !== undefined && { BusinessId: businessId }),
    ...(sceneId !== undefined && { SceneId: sceneId }),
    ...(macAddress !== undefined && { MacAddress: macAddress }),
    ...(imei !== undefined && { Imei: imei }),
  }
}
