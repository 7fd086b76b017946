import { createHash } from 'node:crypto'
import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  Locale,
  type RESTPutAPIApplicationCommandsJSONBody,
} from 'discord.js'
import type { CommandInfo } from '../../src/adapter.ts'

/** Where a command can be used: installed in a guild or by a person; in guilds, in the bot's DM, in other private channels. */
const everywhere = { integration_types: [0, 1], contexts: [0, 1, 2] }

/** What is chosen on a message under "Apps". */
const askCommand = 'Ask Bellhop'

/** Discord's limit for the description of a command or an option. */
const descriptionChars = 100

/** All commands as one "bulk overwrite" takes them: what is not in it disappears. */
export function toCommands(commands: CommandInfo[]): RESTPutAPIApplicationCommandsJSONBody {
  const slash = commands.map(({ name, description, options }) => ({
    type: ApplicationCommandType.ChatInput as const,
    name,
    ...describe(description),
    options: options
      .toSorted((a, b) => Number(b.required) - Number(a.required)) // Discord wants the required ones first
      .map(option => ({
        type: ApplicationCommandOptionType.String as const,
        name: option.name,
        ...describe(option.description),
        required: option.required,
        ...(option.suggests ? { autocomplete: true as const } : {}),
      })),
    ...everywhere,
  }))
  return [...slash, { type: ApplicationCommandType.Message, name: askCommand, ...everywhere }]
}

/** Changes when anything in the list does. */
export function fingerprint(commands: object): string {
  return createHash('sha256').update(JSON.stringify(commands)).digest('hex')
}

/** Discord knows Chinese by its regions alone, and refuses languages that it does not know. */
function describe(byLanguage: Record<string, string>) {
  const known = new Set<string>(Object.values(Locale))
  const cut = (text: string) => text.slice(0, descriptionChars)
  const localized = Object.entries(byLanguage)
    .map(([language, text]): [string, string] => [language === 'zh' ? 'zh-CN' : language, cut(text)])
    .filter(([language]) => known.has(language))
  return { description: cut(byLanguage['en'] ?? '') || '-', description_localizations: Object.fromEntries(localized) }
}
