// A bot that was away from the Discord on this machine, for tests of what it finds when it returns.
import { expect } from 'vitest'
import { createDiscordAdapter, type DiscordOptions } from '../../adapters/discord/discord.ts'
import { idAt } from '../../adapters/discord/inbound.ts'
import { type Heard, isMessage, type Message } from '../../src/message.ts'
import type { DiscordWire, DiscordWireOptions } from './discord.ts'
import { callsTo, closers, createBookmarks, createPad, openWire, optionsFor } from './discord-stage.ts'

export const untold = { untold: true }
export const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000

/** A bot, and what it hears; a message that comes twice is recognised by its id, as the inbox does. */
export async function listen(wire: DiscordWire, more: Partial<DiscordOptions> = {}, receive = async (_: Heard) => {}) {
  const { lines, log } = createPad()
  const adapter = createDiscordAdapter(optionsFor(wire, { log, ...more }))
  closers.push(() => adapter.stop())
  const all: Heard[] = []
  const heard: Message[] = []
  await adapter.start(async what => {
    await receive(what)
    if (isMessage(what) && heard.some(({ id }) => id === what.id)) return
    all.push(what)
    if (isMessage(what)) heard.push(what)
  })
  const texts = () => heard.map(({ text }) => text)
  const hears = (...expected: string[]) => expect.poll(texts, { timeout: 8000 }).toEqual(expected)
  return { adapter, all, heard, texts, hears, lines }
}

/** A wire whose channel and DM the bot has heard before, and their bookmarks. */
export async function openKnown(options: DiscordWireOptions = { messageContent: true }) {
  const wire = await openWire(options)
  const bookmarks = createBookmarks()
  const places = { channel: `discord:${wire.world.channel.id}`, dm: `discord:${wire.world.dm.id}` }
  for (const place of Object.values(places)) await bookmarks.set(place, idAt(minutesAgo(5)))
  return { wire, bookmarks, ...places }
}

/** The reading of channels, the answered ones and those that are under way. */
export const readings = (wire: DiscordWire, channelId = '') => callsTo(wire, 'GET', new RegExp(`${channelId}/messages\\?`))

/** Nothing is left to be read once every place has been asked for. */
export const allRead = (wire: DiscordWire, places: number) =>
  expect.poll(() => readings(wire).filter(call => call.status).length, { timeout: 8000 }).toBeGreaterThanOrEqual(places)
