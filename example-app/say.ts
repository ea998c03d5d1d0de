export type Language = 'en' | 'zh'

/** Chooses between a text and its translation. */
export type Say = (english: string, chinese: string) => string

export function sayIn(language: string): Say {
  return language.startsWith('zh') ? (_english, chinese) => chinese : (english) => english
}
