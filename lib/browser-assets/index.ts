export { type CaptchaAssets, type CaptchaAssetsOptions, type CaptchaPage, captchaAssets } from './captcha-assets.js'
export { type EncryptCaptchaAppIdOptions, encryptCaptchaAppId } from './encrypt-captcha-app-id.js'
