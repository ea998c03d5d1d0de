/** URL of the vendor's page script for each site. An app id of one site is rejected by the script of the other. */
export const scriptUrls = {
  mainland: 'https://turing.captcha.qcloud.com/TJCaptcha.js',
  international: 'https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js',
} as const

/** Matches the file name of every version of the page script: `TJCaptcha.js`, `TCaptcha.js` and the `-global` ones. */
export const scriptFilePattern = /Captcha(-global)?\.js/

/** URLs of the CAPTCHA API 3.0 for each site, most preferred first. The international site has no sibling domains. */
export const apiEndpoints = {
  mainland: [
    'https://captcha.tencentcloudapi.com',
    'https://captcha.tencentcloudapi.cn',
    'https://captcha.tencentcloudapi.com.cn',
  ],
  international: ['https://captcha.intl.tencentcloudapi.com'],
} as const
