import { en, type Words } from './en.ts'
import { zh } from './zh.ts'

export type { Words } from './en.ts'

const languages: Record<string, Words> = { en, zh }

/** The sentences for a person: by what the platform tells of them, else the operator's default. */
export function wordsFor(locale: string | undefined, fallback: string): Words {
  return languages[languageOf(locale)] ?? languages[languageOf(fallback)] ?? en
}

/** The sentences for whoever is spoken to in one conversation. */
export type WordsOf = (person?: { locale?: string }) => Words

/** By the language that the conversation has chosen; where that is `auto`, as `wordsFor` does. */
export function chooseWords(language: string, fallback: string): WordsOf {
  return person => wordsFor(language === 'auto' ? person?.locale : language, fallback)
}

/** `zh-CN` → `zh`. */
function languageOf(locale: string | undefined): string {
  return locale?.toLowerCase().split(/[-_]/)[0] ?? ''
}
