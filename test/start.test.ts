import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { startDiscordWire } from './wire/discord.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const open: HouseProcess[] = []
afterAll(async () => {
  await Promise.all(open.map(house => house.end()))
  data.remove()
})

async function start(env: Record<string, string> = {}): Promise<{ house: HouseProcess; url: string }> {
  const house = startProcess({ DATA_DIR: data.path, LOG_LEVEL: 'warn', DB_PATH: join(data.path, 'sample.db'), ...env })
  open.push(house)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await house.says(/Servers\s/))?.[0] ?? ''
  return { house, url }
}

async function ask(url: string, message: string): Promise<string> {
  const response = await fetch(`${url}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message }),
  })
  const body = (await response.json()) as { response?: string; error?: { message: string } }
  return body.response ?? `${response.status} ${body.error?.message}`
}

function file(name: string, content: string): string {
  const path = join(data.path, name)
  writeFileSync(path, content)
  return path
}

describe('a house with nothing configured', () => {
  let house: HouseProcess
  let url: string
  beforeAll(async () => {
    ;({ house, url } = await start())
  })

  test('says which doors are open, and how the others are opened', () => {
    expect(house.output()).toMatch(
      /Web +http.*\n +Telegram +closed: put TELEGRAM_TOKEN.*\n +Discord +closed: put DISCORD_TOKEN.*\n.*\n +Model +the built-in offline model.*\n +Servers +sqlite: (4 tools|connecting)[\s\S]* +twitter: disabled, .*RAPIDAPI_KEY/,
    )
  })

  test('is an MCP server with the tools of its servers that may be called without asking', async () => {
    const client = new Client({ name: 'c', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['ask', 'sqlite__list_tables', 'sqlite__read_query']))
    expect(tools.map(({ name }) => name)).not.toContain('post_message')
    const { annotations, inputSchema } = tools.find(({ name }) => name === 'sqlite__read_query') ?? {}
    expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false })
    expect(inputSchema).toMatchObject({ required: ['query'] })
    const result = await client.callTool({ name: 'sqlite__list_tables', arguments: {} })
    expect(JSON.stringify(result.content)).toMatch(/bookings.*guests.*rooms/)
    await client.close()
  })

  test('answers a question in plain words through the sqlite tools', async () => {
    expect(await ask(url, 'which tables are there?')).toMatch(/bookings.*guests.*rooms/s)
  })

  test.each<[string, string, RegExp]>([
    ['a message of 200 KB', 'x'.repeat(204_800), /^Your message has 204,800 characters and I read at most 100,000 at once/],
    ['a message of only spaces', ' \n ', /^400 .*message/],
    ['an unknown command', '/tolls', /^I do not know `\/tolls`\. Did you mean `\/tools`\?$/],
    [
      'a call of a tool that is not there',
      '/call sqlite__list_table',
      /no tool "sqlite__list_table"; the nearest are sqlite__list_tables/,
    ],
    ['a call with broken JSON', '/call sqlite__list_tables {"a"', /must be a JSON object/],
  ])('answers %s with one sentence', async (_what, message, sentence) => {
    expect(await ask(url, message)).toMatch(sentence)
  })

  test('is not disturbed by a second one on the same port', async () => {
    const second = startProcess({ DATA_DIR: data.path, PORT: new URL(url).port, LOG_LEVEL: 'warn' })
    expect(await second.ended).toBe(78)
    expect(second.output()).toBe(
      `Bellhop cannot start:\n  port ${new URL(url).port} on 127.0.0.1 is already in use: stop the other process or set PORT\n`,
    )
    expect(await ask(url, 'which tables are there?')).toContain('rooms')
  })

  test('leaves no process behind', async () => {
    expect(await house.end()).toBe(0)
    expect(house.output()).not.toContain('"level":50')
  })
})

describe('what an operator has to mend ends it with one sentence each, and is not tried again', () => {
  test('a broken configuration, all mistakes at once', async () => {
    const servers = file('broken.json', '{"mcpServers": [')
    const house = startProcess({ DATA_DIR: data.path, PORT: 'http', ROLE: 'chief', SERVERS_CONFIG: servers })
    expect(await house.ended).toBe(78)
    expect(house.output().split('\n')).toEqual([
      'Bellhop cannot start:',
      '  PORT is "http": it must be a whole number from 0 to 65535',
      '  ROLE is "chief": it must be one of all, gateway, worker',
      expect.stringMatching(/^ {2}broken\.json is not JSON: /),
      '',
    ])
  })

  test('a Telegram token that is refused', async () => {
    const telegram = await startTelegramWire()
    const house = startProcess({
      DATA_DIR: data.path,
      TELEGRAM_TOKEN: '1:wrong',
      TELEGRAM_API_ROOT: telegram.url,
      LOG_LEVEL: 'warn',
    })
    expect(await house.ended).toBe(78)
    expect(house.output()).toMatch(/^Bellhop cannot start:\n {2}.*TELEGRAM_TOKEN.*\n$/)
    expect(house.output()).not.toContain('1:wrong')
    await telegram.close()
  })

  test('a Discord token that is refused', async () => {
    const discord = await startDiscordWire()
    const house = startProcess({ DATA_DIR: data.path, DISCORD_TOKEN: 'wrong', DISCORD_API_URL: discord.api, LOG_LEVEL: 'warn' })
    expect(await house.ended).toBe(78)
    expect(house.output()).toMatch(/^Bellhop cannot start:\n {2}.*DISCORD_TOKEN.*\n$/)
    await discord.close()
  })

  test('a data folder that is none', async () => {
    const house = startProcess({ DATA_DIR: file('a-file', ''), LOG_LEVEL: 'warn' })
    expect(await house.ended).toBe(78)
    expect(house.output()).toMatch(
      /^Bellhop cannot start:\n {2}DATA_DIR cannot be used \(ENOTDIR.*\): it must be a folder that this user may write to\n$/,
    )
  })

  test('a Redis that is not there', async () => {
    const house = startProcess({ DATA_DIR: data.path, REDIS_URL: 'redis://127.0.0.1:1', LOG_LEVEL: 'silent' })
    expect(await house.ended).toBe(78)
    expect(house.output()).toMatch(/Redis did not answer within 5 seconds: check REDIS_URL/)
  })
})

describe('what is broken elsewhere takes nothing else down', () => {
  test('a server that cannot start', async () => {
    const servers = file(
      'servers.json',
      JSON.stringify({
        mcpServers: {
          missing: { command: 'no-such-program' },
          typo: { comand: 'x' },
          sqlite: {
            command: 'node',
            args: ['servers/sqlite/sqlite.ts'],
            cwd: join(import.meta.dirname, '..'),
            env: { DB_PATH: join(data.path, 'sample.db') },
          },
        },
      }),
    )
    const { house, url } = await start({ SERVERS_CONFIG: servers })
    expect(house.output()).toMatch(/missing: error, .*no-such-program.*not found/)
    expect(house.output()).toMatch(/sqlite: 6 tools/)
    expect(house.output()).toMatch(/typo: disabled, servers\.json: mcpServers\.typo has neither "command" nor "url"/)
    expect(await ask(url, 'which tables are there?')).toContain('rooms')
    expect(await ask(url, '/tools')).toMatch(/\*\*missing\*\* · not available/)
    await house.end()
  })

  test('a model endpoint that is down, and one that answers HTML', async () => {
    const html = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<html>sign in</html>'),
    ).listen(0, '127.0.0.1')
    const down = await start({ OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', MODEL: 'm' })
    expect(await ask(down.url, 'hello')).toMatch(
      /^I could not get an answer from the language model: .*127\.0\.0\.1:1.*\(error e-\w{8}\)$/,
    )
    expect(await ask(down.url, '/help')).toContain('/tools')
    await down.house.end()
    await new Promise(resolve => setTimeout(resolve, 50))
    const wrong = await start({ OPENAI_BASE_URL: `http://127.0.0.1:${(html.address() as AddressInfo).port}`, MODEL: 'm' })
    expect(await ask(wrong.url, 'hello')).toMatch(/HTML.*OPENAI_BASE_URL/)
    await wrong.house.end()
    html.close()
  })
})

test('both platforms are told the commands at the first start, and not again at the second', async () => {
  const [telegram, discord, openai] = await Promise.all([startTelegramWire(), startDiscordWire(), startOpenAiWire()])
  const own = dataFolder()
  const env = {
    DATA_DIR: own.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    OPENAI_BASE_URL: openai.url,
  }
  const puts = () => discord.calls.filter(({ method, route }) => method === 'PUT' && route.endsWith('/commands')).length
  const sets = () => telegram.calls.filter(({ method }) => method === 'setMyCommands').length
  const first = await start(env)
  await expect.poll(() => [puts(), sets()]).toEqual([1, 2])
  discord.useCommand('tools')
  telegram.say({ text: '/tools' })
  const inDiscord = () => discord.whispers().at(-1)?.content ?? '' // for who asked alone
  const inTelegram = () => telegram.messages(42).at(-1)?.text ?? ''
  await expect.poll(() => [inDiscord(), inTelegram()].every(text => text.includes('list_tables'))).toBe(true)
  await first.house.end()
  const second = await start(env)
  telegram.say({ text: '/status' })
  await expect.poll(inTelegram).toContain('1 worker is up')
  expect([puts(), sets()]).toEqual([1, 2])
  await second.house.end()
  own.remove()
  await Promise.all([telegram.close(), discord.close(), openai.close()])
})
