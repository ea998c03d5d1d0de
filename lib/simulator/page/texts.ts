const english = {
  title: 'Security check',
  hint: 'Slide the piece into the gap',
  slide: 'Slide to verify',
  keyboard: 'Slide to verify, or press Enter',
  close: 'Close',
  working: 'Verifying…',
  solved: 'Verified',
  missed: 'Not quite, try again',
  simulated: 'Simulated CAPTCHA',
  checkbox: 'I am human',
}

/** The words of the dialog in one language. */
export type Texts = Readonly<typeof english>

const simplifiedChinese: Texts = {
  title: '安全验证',
  hint: '拖动拼图填入缺口',
  slide: '向右滑动完成验证',
  keyboard: '滑动完成验证，或按回车键',
  close: '关闭',
  working: '验证中…',
  solved: '验证通过',
  missed: '没有对准，请重试',
  simulated: '模拟验证码',
  checkbox: '我不是机器人',
}

const traditionalChinese: Texts = {
  title: '安全驗證',
  hint: '拖動拼圖填入缺口',
  slide: '向右滑動完成驗證',
  keyboard: '滑動完成驗證，或按 Enter 鍵',
  close: '關閉',
  working: '驗證中…',
  solved: '驗證通過',
  missed: '沒有對準，請重試',
  simulated: '模擬驗證碼',
  checkbox: '我不是機器人',
}

/** Returns the texts for a language tag; without one, for the browser's language. English is the default. */
export function chooseTexts(language: string | undefined): Texts {
  const wanted = (language || navigator.language || 'en').toLowerCase()
  if (/^zh-(tw|hk|hant)/.test(wanted)) return traditionalChinese
  return wanted.startsWith('zh') ? simplifiedChinese : english
}
