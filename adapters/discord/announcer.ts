import { Routes } from 'discord.js'
import type { CommandInfo, Memory, Suggest } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Call } from './calls.ts'
import { fingerprint, toCommands } from './commands.ts'

/** The commands as the house has told them: what Discord is told of them, and what has to be known when one is used. */
export interface Announcer {
  announce(commands: CommandInfo[], suggest: Suggest): Promise<void>
  /** Discord has told who we are. */
  ready(appId: string): void
  /** The answer to this command is for the eyes of who asked alone. */
  isQuiet(command: string): boolean
  suggest: Suggest
}

export interface AnnouncerOptions {
  call: Call
  memory: Memory
  log: Log
}

export function createAnnouncer({ call, memory, log }: AnnouncerOptions): Announcer {
  let known: { commands: CommandInfo[]; suggest: Suggest } = { commands: [], suggest: async () => [] }
  let isTold = true
  let appId: string | undefined

  /** With the network down, the list waits until Discord has told who we are. */
  async function tell(): Promise<void> {
    if (isTold || appId === undefined) return
    isTold = true
    await putCommands(call, memory, appId, known.commands).catch((error: unknown) => {
      log.warn({ reason: reason(error) }, 'the commands could not be announced to Discord; messages work without')
    })
  }

  return {
    announce(commands, suggest) {
      known = { commands, suggest }
      isTold = false
      return tell()
    },
    ready(id) {
      appId = id
      void tell()
    },
    isQuiet: name => known.commands.some(command => command.name === name && command.quiet),
    suggest: (...typed) => known.suggest(...typed),
  }
}

/** Discord allows 200 new commands a day, so the list is sent only when it differs from the one sent last. */
async function putCommands(call: Call, memory: Memory, appId: string, commands: CommandInfo[]): Promise<void> {
  const body = toCommands(commands)
  const key = `discord:${appId}:commands`
  const hash = fingerprint(body)
  if ((await memory.get(key)) === hash) return
  await call('PUT', Routes.applicationCommands(appId), { body })
  await memory.set(key, hash)
}
