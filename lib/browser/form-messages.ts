import { hasCheckbox } from './sites.js'

/** Texts of the status line of a guarded form. */
export type FormMessages = {
  /** While the script loads and the challenge is on the screen. */
  checking: string
  /** While a sent form waits for the user to tick the checkbox of the international script. */
  tick: string
  /** After a closed challenge, a refusal, or an error of `onTicket`. */
  failed: string
  /** During a wait; `{seconds}` is replaced by its length. */
  waiting: string
}

/** The texts of a form in Chinese or in English. */
export function formMessages(isChinese: boolean): FormMessages {
  return isChinese
    ? {
        checking: '验证中…',
        tick: hasCheckbox ? '请先勾选验证框' : '',
        failed: '验证未通过，请重试',
        waiting: '系统繁忙，{seconds} 秒后重试',
      }
    : {
        checking: 'Verifying…',
        tick: hasCheckbox ? 'Please tick the box first' : '',
        failed: 'Not verified, please try again',
        waiting: 'Busy, next try in {seconds} s',
      }
}
