import { isAdmin } from './admins.ts'
import type { Words } from './i18n/i18n.ts'
import { quoted } from './listings.ts'
import type { Message } from './message.ts'
import type { Board } from './queue/board.ts'
import type { Settings } from './settings.ts'

// Which model is asked first in a conversation: one of those that the operator lists, or the first of them.

export interface ModelTools {
  board: Board
  settings: Settings
  /** `platform:native id` of each. */
  admins: string[]
}

/** What takes a choice back. */
const auto = 'auto'

export async function suggestModels(_option: string, { board }: ModelTools): Promise<string[]> {
  return [...((await board.read())[0]?.models ?? []), auto]
}

/** Everybody may look; in a group, where others pay with their waiting, only admins choose. */
export async function runModel(message: Message, wanted: string, words: Words, tools: ModelTools): Promise<string> {
  const { conversation, author, shared } = message
  const [notice] = await tools.board.read()
  if (!notice) return words.noWorker
  const { models = [] } = notice
  const [first] = models
  if (first === undefined || (models.length < 2 && wanted === '')) return words.onlyModel(notice.model)
  if (wanted === '') return list(models, await tools.settings.model(conversation), words)
  const name = models.find(one => one.toLowerCase() === wanted.toLowerCase())
  const isAuto = name === undefined && wanted.toLowerCase() === auto
  if (name === undefined && !isAuto) return words.noSuchModel(wanted.slice(0, 100).replaceAll('`', ''), quoted([...models, auto]))
  if (shared && !isAdmin(conversation, author, tools.admins)) return words.adminsOnly
  await tools.settings.setModel(conversation, name)
  return name === undefined ? words.modelAuto(first) : words.modelSet(name)
}

function list(models: string[], chosen: string | undefined, words: Words): string {
  const used = models.find(name => name === chosen) ?? models[0]
  const lines = models.map((name, at) => `${at + 1}. \`${name}\`${name === used ? ` · **${words.modelInUse}**` : ''}`)
  return [words.modelsTitle, lines.join('\n')].join('\n\n')
}
