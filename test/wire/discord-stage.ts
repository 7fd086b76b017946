// A Discord on this machine with the bot connected to it, for tests of the Discord door.
import { afterEach, expect } from 'vitest'
import { createDiscordAdapter, type DiscordOptions } from '../../adapters/discord/discord.ts'
import type { Adapter, Bookmarks, Memory } from '../../src/adapter.ts'
import type { Log } from '../../src/log.ts'
import type { Heard } from '../../src/message.ts'
import { type DiscordWire, type DiscordWireOptions, startDiscordWire } from './discord.ts'

/** What an adapter wrote into its log. */
export interface Line {
  level: keyof Log
  facts: object
  event: string
}

export interface Stage {
  wire: DiscordWire
  adapter: Adapter
  heard: Heard[]
  lines: Line[]
  conversation: string
}

/** Run after the test, last first. */
export const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

export function createMemory(): Memory {
  const kept = new Map<string, string>()
  return { get: async key => kept.get(key), set: async (key, value) => void kept.set(key, value) }
}

export function createBookmarks(): Bookmarks & { readonly marks: Map<string, string> } {
  const marks = new Map<string, string>()
  return {
    marks,
    async set(conversation, messageId) {
      marks.delete(conversation)
      marks.set(conversation, messageId)
    },
    recent: async count =>
      [...marks]
        .reverse()
        .slice(0, count)
        .map(([conversation, messageId]) => ({ conversation, messageId })),
  }
}

export function createPad(): { lines: Line[]; log: Log } {
  const lines: Line[] = []
  const write = (level: keyof Log) => (facts: object, event: string) => void lines.push({ level, facts, event })
  return { lines, log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } }
}

export function optionsFor(wire: DiscordWire, more: Partial<DiscordOptions> = {}): DiscordOptions {
  return { token: wire.token, apiUrl: wire.api, memory: createMemory(), log: createPad().log, ...more }
}

export async function openWire(options: DiscordWireOptions = {}): Promise<DiscordWire> {
  const wire = await startDiscordWire(options)
  closers.push(() => wire.close())
  return wire
}

export async function open(wireOptions: DiscordWireOptions = {}, more: Partial<DiscordOptions> = {}): Promise<Stage> {
  const wire = await openWire(wireOptions)
  const { lines, log } = createPad()
  const adapter = createDiscordAdapter(optionsFor(wire, { log, ...more }))
  const heard: Heard[] = []
  closers.push(() => adapter.stop())
  await adapter.start(async what => void heard.push(what))
  return { wire, adapter, heard, lines, conversation: `discord:${wire.world.channel.id}` }
}

export const first = async <T extends Heard>(heard: Heard[], is: (what: Heard) => what is T): Promise<T> => {
  await expect.poll(() => heard.filter(is).length, { timeout: 5000 }).toBeGreaterThan(0)
  const found = heard.find(is)
  if (!found) throw new Error('nothing heard')
  return found
}

export const callsTo = (wire: DiscordWire, method: string, route: RegExp) =>
  wire.calls.filter(call => call.method === method && route.test(call.route))

export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
