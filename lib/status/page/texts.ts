import type { en } from './texts-en.js'

/** A language of the page. */
export type Language = 'en' | 'zh'

/** {@link Language} as a list, the default first. */
export const languages: readonly Language[] = ['en', 'zh']

/** All that the page says in one language. Names of reasons, causes and events are those of the log and stay as they are. */
export type StatusTexts = typeof en
