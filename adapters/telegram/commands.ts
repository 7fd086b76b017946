import { createHash } from 'node:crypto'
import type { Api } from 'grammy/web'
import type { CommandInfo, Memory } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Signal } from './errors.ts'

export interface Announcement {
  /** Under which the last announced list is remembered. */
  key: string
  api: Api
  call<T>(make: (signal: Signal) => Promise<T>): Promise<T>
  memory: Memory
  log: Log
}

/** Tells Telegram the commands if they changed. Logs what goes wrong: they work without, and the next start tells them again. */
export async function announceCommands(commands: CommandInfo[], { key, api, call, memory, log }: Announcement): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(commands)).digest('hex')
  if ((await memory.get(key)) === hash) return
  try {
    for (const language of languagesOf(commands)) {
      const other = language === 'en' ? {} : { language_code: language as 'zh' }
      await call(signal => api.setMyCommands(toNativeCommands(commands, language), other, signal))
    }
    await memory.set(key, hash)
  } catch (error) {
    log.warn({ reason: reason(error) }, 'Telegram: the commands could not be announced')
  }
}

/** English first: it is what Telegram shows in any language that is not there. */
function languagesOf(commands: CommandInfo[]): string[] {
  return [...new Set(['en', ...commands.flatMap(command => Object.keys(command.description))])]
}

/** At most 100 commands of `[a-z0-9_]{1,32}`, described in 256 characters (core.telegram.org/bots/api#botcommand). */
function toNativeCommands(commands: CommandInfo[], language: string) {
  return commands
    .filter(({ name }) => /^[a-z0-9_]{1,32}$/.test(name))
    .slice(0, 100)
    .map(({ name, description }) => ({
      command: name,
      description: (description[language] ?? description['en'] ?? name).slice(0, 256),
    }))
}
