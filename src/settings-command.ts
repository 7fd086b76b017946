import { chooseWords, type Words } from './i18n/i18n.ts'
import { quoted } from './listings.ts'
import type { Conversation, Message } from './message.ts'
import { choices, isChoice, isSetting, type Settings, settingNames } from './settings.ts'

/** `/settings [name] [value]`: without a value, what holds in this conversation. */
export async function changeSettings(message: Message, argument: string, words: Words, settings: Settings): Promise<string> {
  const { conversation, author } = message
  const [name = '', value = ''] = argument.toLowerCase().split(/\s+/)
  if (name === '') return listSettings(conversation, words, settings)
  if (!isSetting(name)) return words.noSuchSetting(name, quoted(settingNames))
  if (!isChoice(name, value)) return words.noSuchChoice(name, value, quoted(choices[name]))
  await settings.set(conversation, name, value)
  const newWords = name === 'language' ? chooseWords(value, words.language)(author) : words
  return newWords.settingSet(name, value)
}

async function listSettings(conversation: Conversation, words: Words, settings: Settings): Promise<string> {
  const chosen = await settings.all(conversation)
  const lines = settingNames.map(
    name => `- ${words.settingValue(name, chosen[name], quoted(choices[name]))}: ${words.settings[name]}`,
  )
  return [words.settingsTitle, lines.join('\n')].join('\n\n')
}
