import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { type OpenAiWire, startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'

/** Names the package of each module that it sees loaded, also of those that packages require of each other. */
const watcher = `import { registerHooks } from 'node:module'
registerHooks({ load(url, context, next) {
  const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? []
  if (name) process._rawDebug('[loads] ' + name)
  return next(url, context)
} })`
const watched = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(watcher)}` }

const packagesOf = (house: HouseProcess) =>
  new Set([...house.output().matchAll(/^\[loads\] (\S+)$/gm)].map(([, name]) => name ?? ''))

let telegram: TelegramWire
let openai: OpenAiWire
const data = dataFolder()
beforeAll(async () => {
  ;[telegram, openai] = await Promise.all([startTelegramWire(), startOpenAiWire()])
})
afterAll(async () => {
  await Promise.all([telegram.close(), openai.close()])
  data.remove()
})

/** Of a bot of Telegram alone. */
async function loadedBy(role: string): Promise<Set<string>> {
  const env = {
    ...{ ...watched, ROLE: role, DATA_DIR: data.path, LOG_LEVEL: 'warn' },
    ...{ TELEGRAM_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.url, OPENAI_BASE_URL: openai.url },
  }
  const house = startProcess(env)
  await house.says('Bellhop is up')
  const found = packagesOf(house)
  await house.end()
  return found
}

const needed = ['bullmq', 'grammy', 'ioredis', 'pino']
const otherDoors = ['discord.js', '@discordjs/rest', '@discordjs/ws']
const ears = ['@hono/node-server', '@modelcontextprotocol/server', '@grammyjs/runner']
const seldom = ['@bull-board/api', '@opentelemetry/sdk-trace', 'unpdf', 'pino-pretty']
const mind = ['openai', '@modelcontextprotocol/client']

describe('a bot of Telegram alone', () => {
  test.each([
    ['all', [...needed, ...mind, '@hono/node-server'], [...otherDoors, ...seldom]],
    ['worker', [...needed, ...mind], [...otherDoors, ...ears, ...seldom]],
    ['gateway', [...needed, '@hono/node-server'], [...otherDoors, ...seldom]],
  ])('loads as `%s` what it needs, and nothing for doors that it does not open', async (role, wanted, unwanted) => {
    const loaded = await loadedBy(role)
    expect(wanted.filter(name => !loaded.has(name))).toEqual([])
    expect(unwanted.filter(name => loaded.has(name))).toEqual([])
  })

  test('asks no model and says nothing by itself', () => {
    expect(openai.requests).toEqual([])
    expect(telegram.calls.filter(({ method }) => /^(send|edit)/.test(method))).toEqual([])
  })
})
