export type Language = 'en' | 'zh'

/** A text and its translation. */
export type Said = readonly [english: string, chinese: string]

/** Chooses between a text and its translation. */
export type Say = (...said: Said) => string

export function sayIn(language: string): Say {
  return language.startsWith('zh') ? (_english, chinese) => chinese : (english) => english
}
