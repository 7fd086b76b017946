import { expect, onTestFinished } from 'vitest'
import { createTelegramAdapter, type TelegramOptions } from '../adapters/telegram/telegram.ts'
import type { Memory } from '../src/adapter.ts'
import { silentLog } from '../src/log.ts'
import type { Heard } from '../src/message.ts'
import { createWholeFetch } from '../src/net/whole-fetch.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'

export function createMemory(): Memory {
  const words = new Map<string, string>()
  return { get: async key => words.get(key), set: async (key, value) => void words.set(key, value) }
}

export async function openWire(): Promise<TelegramWire> {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  return wire
}

export function makeAdapter(wire: TelegramWire, more: Partial<TelegramOptions> = {}) {
  const options = { token: wire.token, apiRoot: wire.url, memory: createMemory(), log: silentLog, callMs: 2000 }
  const adapter = createTelegramAdapter({ fetch: createWholeFetch(), ...options, ...more })
  onTestFinished(() => adapter.stop())
  return adapter
}

/** An adapter that keeps what it hears by polling. */
export async function listenAt(wire: TelegramWire, more: Partial<TelegramOptions> = {}) {
  const adapter = makeAdapter(wire, more)
  const heard: Heard[] = []
  await adapter.start(async what => void heard.push(what))
  const hears = (count: number) => expect.poll(() => heard.length).toBe(count)
  return { adapter, heard, hears }
}

export const callsOf = (wire: TelegramWire, method: string) => wire.calls.filter(call => call.method === method)
