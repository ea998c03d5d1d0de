import type { Language, StatusTexts } from './texts.js'
import { en } from './texts-en.js'
import { zh } from './texts-zh.js'

/** The texts of each language. */
export const textsOf: Readonly<Record<Language, StatusTexts>> = { en, zh }
