import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { type DiscordWire, startDiscordWire } from './wire/discord.ts'
import { type OpenAiWire, startOpenAiWire, type WireReply } from './wire/openai.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const ledger = join(data.path, 'ledger')
const processes: HouseProcess[] = []
let telegram: TelegramWire
let discord: DiscordWire
let openai: OpenAiWire

/** A gateway, and two workers that answer in one conversation each: two turns that run at once run on different workers. */
beforeAll(async () => {
  telegram = await startTelegramWire()
  discord = await startDiscordWire()
  openai = await startOpenAiWire()
  const servers = join(data.path, 'servers.config.json')
  const raw = {
    command: 'node',
    args: [join(import.meta.dirname, 'wire/mcp/raw.ts')],
    env: { LEDGER: ledger },
    autoApprove: ['*'],
  }
  writeFileSync(servers, JSON.stringify({ mcpServers: { raw } }))
  const env = {
    DATA_DIR: data.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    OPENAI_BASE_URL: openai.url,
    SERVERS_CONFIG: servers,
    CONCURRENCY: '1',
    DRAIN_SECONDS: '1',
  }
  for (const role of ['gateway', 'worker', 'worker']) {
    const house = startProcess({ ...env, ROLE: role })
    processes.push(house)
    await house.says('Bellhop is up')
  }
})
afterAll(async () => {
  await Promise.all(processes.map(process => process.end()))
  await Promise.all([telegram.close(), discord.close(), openai.close()])
  data.remove()
})

interface Shown {
  text: string
  buttons: number
}

/** Two people, each in a place of their own, and how they stop the bot. */
interface Way {
  ask(text: string): void
  stop(): void
  /** The bot's newest reply to either of them; answers to commands do not count. */
  replies(): Shown[]
}

/** Others in each test, since a chat takes only so many calls in a row. */
let people = [1, 2]
beforeEach(() => {
  people = people.map(person => person + 2)
})
const lastReply = (chat: number) =>
  telegram.messages(chat).findLast(({ bot, text }) => bot && !/^(Stopping|Nothing is running)/.test(text))
const onTelegram = {
  ask: (text: string) => people.forEach(chat => void telegram.say({ from: { id: chat }, text })),
  replies: () => people.map(chat => ({ text: lastReply(chat)?.text ?? '', buttons: lastReply(chat)?.buttons.length ?? 0 })),
}

let asked: string[] = []
const places = () => [discord.world.channel.id, discord.world.dm.id]
const onDiscord = {
  ask(text: string) {
    asked = [discord.say(text), discord.sayInDm(text)].map(({ id }) => id)
  },
  replies: () =>
    places().map(place => {
      const reply = discord.messages(place).findLast(({ author }) => author.id === discord.world.bot.id)
      return { text: reply?.content ?? '', buttons: reply?.components.length ?? 0 }
    }),
}

const ways: Record<string, Way> = {
  'the button': {
    ...onTelegram,
    stop: () =>
      people.forEach(chat => void telegram.press({ message: lastReply(chat)?.id ?? 0, label: 'Stop', from: { id: chat } })),
  },
  '/stop': { ...onTelegram, stop: () => onTelegram.ask('/stop') },
  'deleting the question': { ...onDiscord, stop: () => asked.forEach(discord.remove) },
}

/** It falls silent in the middle: who only looks at the wish when the next word comes would wait for ever. */
const goesSilent: WireReply = { trouble: 'hang', text: 'Once upon a time there was' }
const usesTool: WireReply = { text: 'I look it up.', calls: [{ name: 'raw__hang', input: {} }] }

const notes = (method: string) => {
  const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n').filter(Boolean) : []
  return lines.map(line => JSON.parse(line) as { pid: number; method: string; id: number }).filter(note => note.method === method)
}
const all = (values: boolean[]) => values.length === 2 && values.every(Boolean)

describe.each(Object.entries(ways))('%s', (_, way) => {
  /** Both replies say that they were stopped, and nothing can be stopped any more. */
  const stopped = () => all(way.replies().map(({ text, buttons }) => text.includes('Stopped') && buttons === 0))

  test('ends the request to the model on whichever worker it runs, and what was said stays', async () => {
    const before = openai.requests.length
    const requests = () => openai.requests.slice(before)
    openai.script(() => goesSilent)
    way.ask('Tell me a long story')
    await expect.poll(() => all(way.replies().map(({ text }) => text.includes('there was')))).toBe(true)
    expect(requests().map(({ aborted }) => aborted)).toEqual([false, false])
    way.stop()
    await expect.poll(() => requests().map(({ aborted }) => aborted)).toEqual([true, true])
    await expect.poll(stopped).toBe(true)
    for (const { text } of way.replies()) expect(text).toMatch(/^Once upon a time there was/)
  })

  test('cancels the call of a tool on the wire, asks the model no more, and the next question is answered', async () => {
    writeFileSync(ledger, '')
    const before = openai.requests.length
    openai.script(() => usesTool)
    way.ask('Look it up')
    await expect.poll(() => notes('tools/call').length).toBe(2)
    await expect
      .poll(() => all(way.replies().map(({ text, buttons }) => text.includes('I look it up.') && buttons > 0)))
      .toBe(true)
    expect(new Set(notes('tools/call').map(({ pid }) => pid)).size).toBe(2)
    way.stop()
    const callOf = ({ pid, id }: { pid: number; id: number }) => `${pid}:${id}`
    const calls = notes('tools/call').map(callOf).sort()
    await expect.poll(() => notes('notifications/cancelled').map(callOf).sort()).toEqual(calls)
    await expect.poll(stopped).toBe(true)
    for (const { text } of way.replies()) expect(text).toContain('I look it up.')
    expect(openai.requests).toHaveLength(before + 2)

    openai.script(() => ({ text: 'All is well.' }))
    way.ask('And now?')
    await expect.poll(() => all(way.replies().map(({ text }) => text.startsWith('All is well.')))).toBe(true)
  })
})
