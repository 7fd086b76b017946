import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DiagnoseOptions, diagnose } from '../script/doctor.ts'
import { surveyConfig } from '../src/config/config.ts'
import { checkRedis } from '../src/doctor/redis.ts'
import { renderReport } from '../src/doctor/report.ts'
import { silentLog } from '../src/log.ts'
import { dataFolder, startProcess } from './processes.ts'
import { createServers, type RedisServer } from './redis-servers.ts'
import { startDiscordWire } from './wire/discord.ts'
import { startOpenAiWire, type WireBody, type WireReply } from './wire/openai.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const servers = createServers()
const closers: (() => Promise<unknown> | unknown)[] = []
let redis: RedisServer

beforeAll(async () => {
  redis = await servers.start({ appendonly: 'yes', 'maxmemory-policy': 'noeviction' })
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(async () => {
  await servers.close()
  data.remove()
})

function opened<T extends { close(): Promise<unknown> }>(wire: T): T {
  closers.push(() => wire.close())
  return wire
}

/** An address at which nobody listens any more. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

let files = 0
function file(content: object | string): string {
  const path = join(data.path, `servers-${files++}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const noServers = () => file({ mcpServers: {} })

/** The report of a set-up that has nothing wrong but what is given, on a Redis that is as it should be. */
async function report(env: Record<string, string | undefined> = {}, more: Partial<DiagnoseOptions> = {}): Promise<string[]> {
  const whole = {
    PATH: process.env['PATH'],
    DATA_DIR: data.path,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    PORT: '0',
    SERVERS_CONFIG: noServers(),
    SECRET_KEY: 'q7Zk2mW9xB4vT1nR8sL5dF0gH3jC6pYa',
    ADMINS: 'web:1',
    ...env,
  }
  const { findings, redact } = await diagnose({ folder: data.path, env: whole, holdMs: 1000, ...more })
  return renderReport(findings, redact).split('\n')
}

/** Answers in words, and with a call where it is given a tool. */
const able = (body: WireBody): WireReply =>
  body.tools?.length ? { calls: [{ name: body.tools[0]?.function.name ?? '', input: { text: 'ok' } }] } : { text: 'ok' }

const line = (about: string, rest: string | RegExp) =>
  expect.stringMatching(
    new RegExp(`^${RegExp.escape(about)}: ${typeof rest === 'string' ? `${RegExp.escape(rest)}$` : rest.source}`, 'u'),
  )

describe('a good set-up', () => {
  test('gets a tick a line, and the process ends with 0', async () => {
    const telegram = opened(await startTelegramWire({ readsAll: true }))
    const discord = opened(await startDiscordWire({ messageContent: true }))
    const openai = opened(await startOpenAiWire({ script: able, apiKey: 'sk-right-1234567890abcdef' }))
    const sqlite = join(import.meta.dirname, '../servers/sqlite/sqlite.ts')
    const server = { command: 'node', args: [sqlite], env: { DB_PATH: join(data.path, 'sample.db') } }
    const lines = await report({
      TELEGRAM_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.url,
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.api,
      DISCORD_MESSAGE_CONTENT: 'on',
      OPENAI_BASE_URL: openai.url,
      OPENAI_API_KEY: 'sk-right-1234567890abcdef',
      MODEL: 'big,small',
      SERVERS_CONFIG: file({ mcpServers: { sqlite: server } }),
      ADMINS: 'discord:1234,telegram:5678',
    })
    expect(lines).toEqual([
      `✅ Node: ${process.versions.node}`,
      '✅ Settings: every variable can be read',
      expect.stringMatching(/^✅ servers-\d+\.json: 1 servers$/),
      '✅ SECRET_KEY: is set',
      '✅ ADMINS: 2 named',
      line('✅ DATA_DIR', /.* can be written to, \d+ GB are free$/),
      line('✅ Redis', /the one of REDIS_URL, version [\d.]+, throws nothing away$/),
      '✅ PORT: any free one is taken',
      '✅ Telegram: signed in as @bellhop_bot',
      '✅ Telegram: privacy mode is off: in groups it hears all that is said',
      '✅ Telegram: nobody else polls for its updates',
      '✅ Discord: signed in as bellhop',
      '✅ Discord: hears all that is said where it is (Message Content intent)',
      '✅ Discord: the bot is in about 3 servers',
      line('✅ Model big', /answers, streams, calls tools \(\d/),
      line('✅ Model small', /answers, streams, calls tools \(\d/),
      line('✅ Server sqlite', /6 tools, protocol \d{4}-\d\d-\d\d/),
      '✅ Clock: is right',
      'Nothing is broken.',
    ])
  })

  test('asks each model for a few words and for one call, and no more', async () => {
    const openai = opened(await startOpenAiWire({ script: able }))
    await report({ OPENAI_BASE_URL: openai.url, MODEL: 'm' })
    const asked = openai.requests.map(({ body }) => body as WireBody & { max_tokens?: number })
    expect(asked.map(body => [body.stream, body.tools?.length ?? 0])).toEqual([
      [true, 0],
      [true, 1],
    ])
    expect(asked[0]?.max_tokens).toBeLessThanOrEqual(16)
  })
})

describe('Discord', () => {
  const look = async (options: Parameters<typeof startDiscordWire>[0], env: Record<string, string> = {}) => {
    const discord = opened(await startDiscordWire(options))
    const lines = await report({ DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.api, ...env })
    return { lines: lines.filter(one => one.includes(' Discord: ')), id: discord.world.appId }
  }

  test('a wrong token', async () => {
    const { lines } = await look({}, { DISCORD_TOKEN: 'wrong-token.of.somebody' })
    expect(lines).toEqual([line('❌ Discord', /DISCORD_TOKEN is refused \(401\) → .*Reset Token/)])
    expect(lines.join()).not.toContain('wrong-token')
  })

  test('a missing intent', async () => {
    const { lines } = await look({}, { DISCORD_MESSAGE_CONTENT: 'on' })
    expect(lines).toContainEqual(line('❌ Discord', /.*may not have the Message Content intent \(close code 4014\) → switch on/))
  })

  test('no intent where none was asked for is no mistake', async () => {
    const { lines } = await look({})
    expect(lines).toContain(
      '✅ Discord: hears mentions, replies to it, DMs and commands; no privileged intent is needed for that',
    )
  })

  test('commands that go to an address instead of the bot', async () => {
    const { lines } = await look({ portal: { interactions_endpoint_url: 'https://old.example.org' } })
    expect(lines).toContainEqual(
      line('❌ Discord', /commands and buttons go to an Interactions Endpoint URL.* → empty that field/),
    )
  })

  test('a bot that nobody has added to a server, with the link that does it', async () => {
    const { lines, id } = await look({ portal: { approximate_guild_count: 0 } })
    const found = lines.find(one => one.startsWith('⚠️ Discord: the bot is in no server yet'))
    const link = new URL(found?.split('add it by ')[1] ?? 'none:')
    expect(Object.fromEntries(link.searchParams)).toEqual({
      client_id: id,
      scope: 'bot applications.commands',
      permissions: String((1n << 10n) | (1n << 11n) | (1n << 15n) | (1n << 16n) | (1n << 38n)),
    })
  })

  test('a token that is about to be reset', async () => {
    const { lines } = await look({ portal: { startsLeft: 3 } })
    expect(lines).toContainEqual(line('⚠️ Discord', /only 3 connections are left for today.* in 24 hours$/))
  })

  test('more servers than one connection takes', async () => {
    const { lines } = await look({ portal: { approximate_guild_count: 2600 } })
    expect(lines).toContainEqual(line('❌ Discord', /the bot is in about 2600 servers → /))
  })

  test('nobody there', async () => {
    const { lines } = await look({}, { DISCORD_API_URL: `${await nowhere()}/api` })
    expect(lines).toEqual([line('❌ Discord', /it cannot be reached: .*ECONNREFUSED.* → look at the network/)])
  })
})

describe('Telegram', () => {
  const envOf = (telegram: TelegramWire) => ({ TELEGRAM_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.url })
  const look = async (telegram: TelegramWire, env: Record<string, string> = {}) =>
    (await report({ ...envOf(telegram), ...env })).filter(one => one.includes(' Telegram: '))

  test('a wrong token', async () => {
    const lines = await look(opened(await startTelegramWire()), { TELEGRAM_TOKEN: '99:somebody-elses-token' })
    expect(lines).toEqual([
      line('❌ Telegram', /TELEGRAM_TOKEN is refused \(401 Unauthorized\) → copy the token that @BotFather/),
    ])
  })

  test('privacy mode', async () => {
    const lines = await look(opened(await startTelegramWire()))
    expect(lines).toContainEqual(line('⚠️ Telegram', /privacy mode is on: .* → .*\/setprivacy/))
  })

  test('a webhook of another program, which is left as it is', async () => {
    const telegram = opened(await startTelegramWire())
    telegram.setWebhook('https://old.example.org/hook/secret-path')
    const lines = await look(telegram)
    expect(lines).toContainEqual(line('⚠️ Telegram', /a webhook leads to old\.example\.org, and the start takes it away/))
    expect(lines.join()).not.toContain('secret-path')
    expect(telegram.webhook()).toBe('https://old.example.org/hook/secret-path')
  })

  test('another program that polls with the same token (409)', async () => {
    const telegram = opened(await startTelegramWire())
    const rival = new AbortController()
    closers.push(() => rival.abort())
    void pollFor(telegram, rival.signal)
    await expect.poll(telegram.polling).toBe(1)
    expect(await look(telegram)).toContainEqual(
      line('❌ Telegram', /another program polls with the same TELEGRAM_TOKEN \(409\).* → stop it/),
    )
  })

  test('a gateway of this very house, which is left on the line', async () => {
    const telegram = opened(await startTelegramWire())
    const env = {
      ...envOf(telegram),
      DATA_DIR: data.path,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      SERVERS_CONFIG: noServers(),
    }
    const house = startProcess({ ...env, LOG_LEVEL: 'warn' })
    closers.push(() => house.end())
    const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await house.says(/Servers\s/)) ?? []
    const lines = await report({ ...env, PORT: port })
    expect(lines).toContain('✅ Telegram: a gateway of this house takes the updates')
    expect(lines).toContain(`✅ PORT: ${port} on 127.0.0.1 is held by a Bellhop that runs`)
    expect(house.output()).not.toContain('409')
  })

  test('confirms no update while it looks', async () => {
    const telegram = opened(await startTelegramWire())
    telegram.say({ text: 'hello' })
    const [waiting] = telegram.unconfirmed()
    expect(await look(telegram)).toContain('✅ Telegram: nobody else polls for its updates; 1 updates wait')
    expect(telegram.unconfirmed()).toEqual([waiting])
  })

  test('a webhook that cannot be reached', async () => {
    const telegram = opened(await startTelegramWire({ webhookError: 'Wrong response from the webhook: 502 Bad Gateway' }))
    const url = 'https://bot.example.org/telegram'
    telegram.setWebhook(url)
    const lines = await look(telegram, { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: 'between-us-two' })
    expect(lines).toContain('✅ Telegram: updates are brought to bot.example.org')
    expect(lines).toContainEqual(
      line('❌ Telegram', /it could not bring updates in the last hour: Wrong response.* → see that the proxy/),
    )
  })

  test('nobody there, without the address, which holds the token', async () => {
    const lines = await look(opened(await startTelegramWire()), { TELEGRAM_API_ROOT: await nowhere() })
    expect(lines).toEqual([
      line('❌ Telegram', 'it cannot be reached: ECONNREFUSED → look at the network, and at TELEGRAM_API_ROOT if it is set'),
    ])
  })
})

async function pollFor(telegram: TelegramWire, signal: AbortSignal): Promise<void> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"timeout":30}', signal }
  while (!signal.aborted) await fetch(`${telegram.url}/bot${telegram.token}/getUpdates`, request).catch(() => {})
}

describe('a model', () => {
  const look = async (options: Parameters<typeof startOpenAiWire>[0], env: Record<string, string> = {}) => {
    const openai = opened(await startOpenAiWire(options))
    const lines = await report({ OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'sk-mine-1234567890abcdefgh', MODEL: 'm', ...env })
    return lines.filter(one => one.includes(' Model '))
  }

  test('whose key is refused', async () => {
    const lines = await look({ apiKey: 'sk-another-0123456789abcdef' })
    expect(lines).toEqual([line('❌ Model m', /.*refused the key for the model "m" \(401\).* → mend OPENAI_API_KEY/)])
    expect(lines.join()).not.toContain('sk-mine')
  })

  test('that is not there, beside one that is', async () => {
    const lines = await look({ models: ['here'], script: able }, { MODEL: 'here,gone' })
    expect(lines).toEqual([
      line('✅ Model here', /answers, streams, calls tools/),
      line('❌ Model gone', /.*knows no model "gone".*\(404\)/),
    ])
  })

  test('that does not stream', async () => {
    const whole = (body: WireBody): WireReply => {
      const called = { id: 'c1', type: 'function', function: { name: 'ping', arguments: '{"text":"ok"}' } }
      const message = body.tools?.length ? { role: 'assistant', tool_calls: [called] } : { role: 'assistant', content: 'ok' }
      const text = JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] })
      return { trouble: 'raw', pieces: [text], type: 'application/json' }
    }
    expect(await look({ script: whole })).toEqual([
      line('✅ Model m', /answers, calls tools/),
      line('⚠️ Model m', /does not stream: .* → switch buffering off/),
    ])
  })

  test('that talks instead of calling a tool', async () => {
    expect(await look({ script: () => ({ text: 'ok' }) })).toEqual([
      line('✅ Model m', /answers, streams \(/),
      line('❌ Model m', /did not call the tool that it was asked to call → take a model/),
    ])
  })

  test('that refuses tools, and calls them in words', async () => {
    const inWords = (body: WireBody): WireReply => {
      if (body.tools?.length) return { trouble: 'status', status: 400, message: 'm does not support tools' }
      const told = JSON.stringify(body.messages).includes('name_of_the_tool')
      return { text: told ? '```json\n{"calls":[{"name":"ping","arguments":{"text":"ok"}}]}\n```' : 'ok' }
    }
    expect(await look({ script: inWords })).toEqual([
      line('✅ Model m', /answers, streams \(/),
      line('⚠️ Model m', /takes no tools: it is told of them in words/),
    ])
  })

  test('for recordings and for vectors', async () => {
    const env = { TRANSCRIBE_MODEL: 'ears', EMBEDDING_MODEL: 'vectors' }
    const lines = await look({ script: able, hears: () => 'nothing' }, env)
    expect(lines.slice(1)).toEqual([
      line('❌ Model vectors', /.*404.* → mend EMBEDDING_MODEL/),
      '✅ Model ears: hears recordings',
    ])
  })
})

describe('Redis', () => {
  const look = async (env: Record<string, string | undefined>) => (await report(env)).filter(one => one.includes(' Redis: '))

  test('that throws keys away', async () => {
    const { port } = await servers.start({ 'maxmemory-policy': 'allkeys-lru' })
    expect(await look({ REDIS_URL: `redis://127.0.0.1:${port}` })).toEqual([
      line('❌ Redis', /.*maxmemory-policy is "allkeys-lru".* → set maxmemory-policy to noeviction$/),
    ])
  })

  test('that keeps no file', async () => {
    const { port } = await servers.start({ appendonly: 'no' })
    expect(await look({ REDIS_URL: `redis://127.0.0.1:${port}` })).toContainEqual(
      line('⚠️ Redis', /.*keeps no append-only file.* → set appendonly to yes$/),
    )
  })

  test('that is not there', async () => {
    const lines = await look({ REDIS_URL: 'redis://:a-long-password@127.0.0.1:1' })
    expect(lines).toEqual([line('❌ Redis', /Redis did not answer within 5 seconds → check REDIS_URL/)])
    expect(lines.join()).not.toContain('a-long-password')
  })

  test('of which there is no program', async () => {
    const usual = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
    if (usual.some(folder => existsSync(join(folder, 'redis-server')))) return
    const empty = join(data.path, 'empty')
    const { findings } = await checkRedis({ root: empty, dir: join(data.path, 'none'), path: empty, log: silentLog })
    expect(findings).toEqual([
      expect.objectContaining({ state: 'broken', found: expect.stringMatching(/^No redis-server or valkey-server was found/) }),
    ])
  })

  test('of its own, which is started for the occasion and ended again', async () => {
    const own = dataFolder()
    closers.push(own.remove)
    const lines = await look({ REDIS_URL: undefined, DATA_DIR: own.path })
    expect(lines).toEqual([line('✅ Redis', /a private one in .*redis, version/)])
    const socket = createConnection(join(own.path, 'redis', 'redis.sock'))
    expect(
      await once(socket, 'connect').then(
        () => 'still up',
        (error: NodeJS.ErrnoException) => error.code,
      ),
    ).toMatch(/ENOENT|ECONNREFUSED/)
  })
})

describe('settings and machine', () => {
  test('bad JSON in servers.config.json, and everything else is looked at all the same', async () => {
    const lines = await report({ SERVERS_CONFIG: file('{"mcpServers": [') })
    expect(lines).toContainEqual(line('❌ Settings', /servers-\d+\.json is not JSON/))
    expect(lines).toContainEqual(line('✅ Redis', /.*throws nothing away/))
  })

  test('every variable that cannot be read, a line each, and none of their values when they are secret', async () => {
    const lines = await report({ PORT: 'http', ROLE: 'chief', TELEGRAM_TOKEN: 'no token at all' })
    expect(lines.filter(one => one.startsWith('❌'))).toEqual([
      '❌ Settings: TELEGRAM_TOKEN is not usable → it must be a bot token such as 123456:ABC-DEF, as @BotFather gives it',
      '❌ Settings: PORT is "http" → it must be a whole number from 0 to 65535',
      '❌ Settings: ROLE is "chief" → it must be one of all, gateway, worker',
    ])
    expect(lines.join()).not.toContain('no token at all')
    expect(lines.at(-1)).toMatch(/^3 broken/)
  })

  test('what cannot be read stands at its default, as if nobody had set it', () => {
    const env = {
      DRAIN_SECONDS: 'soon',
      OPENAI_API_KEY: 'k',
      DEFAULT_MODEL: ',',
      HOST: '0.0.0.0',
      SERVERS_CONFIG: '/no/such.json',
    }
    const { config, problems } = surveyConfig(data.path, env)
    expect(problems).toHaveLength(4)
    expect(config).toMatchObject({ drainMs: 25_000, servers: { servers: [] }, web: { host: '0.0.0.0', port: 8000 } })
    expect(config.model?.names).toEqual(['gpt-5-mini'])
  })

  test('a model whose address cannot be read is not said to be missing', async () => {
    const lines = await report({ OPENAI_API_BASE: 'nowhere', MODEL: 'm' })
    expect(lines).toContainEqual(line('❌ Settings', /OPENAI_API_BASE is "nowhere"/))
    expect(lines.filter(one => one.includes(' Model'))).toEqual([])
  })

  test('servers that do not start, and one that lacks a variable', async () => {
    const silent = { command: 'node', args: ['-e', 'process.exit(3)'] }
    const config = {
      mcpServers: { missing: { command: 'no-such-program' }, silent, keyless: { command: 'x', env: { A: '${NOT_SET}' } } },
    }
    const lines = (await report({ SERVERS_CONFIG: file(config) })).filter(one => one.includes(' Server '))
    expect(lines).toEqual([
      line('❌ Server missing', /.*no-such-program.* → start it by hand \(no-such-program …\)/),
      line('❌ Server silent', /.*ended with code 3 → start it by hand \(node …\)/),
      line('⚠️ Server keyless', /switched off: .*NOT_SET, which is not set/),
    ])
  })

  test('a clock that is off', async () => {
    const discord = opened(await startDiscordWire())
    const env = { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.api }
    const at = async (aheadMs: number) =>
      (await report(env, { now: () => Date.now() + aheadMs })).find(one => one.includes(' Clock: '))
    expect(await at(600_000)).toMatch(/^❌ Clock: is (600|60\d) s ahead → switch on time synchronisation/)
    expect(await at(-30_000)).toMatch(/^⚠️ Clock: is (30|29|28) s behind → /)
    expect(await at(0)).toBe('✅ Clock: is right')
  })

  test('a folder for data that cannot be written to', async () => {
    expect(await report({ DATA_DIR: join(file('{}'), 'below') })).toContainEqual(
      line('❌ DATA_DIR', /.* cannot be written to \(ENOTDIR.*\) → set it to a folder/),
    )
  })

  test('a port that is taken by a stranger', async () => {
    const stranger = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1')
    closers.push(() => stranger.close())
    await expect.poll(() => stranger.listening).toBe(true)
    const { port } = stranger.address() as AddressInfo
    expect(await report({ PORT: String(port) })).toContain(
      `❌ PORT: ${port} on 127.0.0.1 is in use by another program → stop it, or set PORT`,
    )
  })

  test('a Node that is too old', async () => {
    expect(await report({}, { nodeVersion: '20.20.2' })).toContainEqual(line('❌ Node', /20\.20\.2 is too old → take Node 24/))
  })

  test('a SECRET_KEY that can be guessed, and admins of a platform that is none', async () => {
    const lines = await report({ SECRET_KEY: 'aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb', ADMINS: 'discrod:1,telegram:2' })
    expect(lines).toContainEqual(line('❌ SECRET_KEY', /can be guessed/))
    expect(lines).toContainEqual(line('❌ ADMINS', /there is no platform "discrod"/))
    expect(lines).toContainEqual(line('⚠️ ADMINS', /telegram:2 can say nothing: there is no token for telegram/))
    expect(lines.join()).not.toContain('aaaaaaaabbbbbbbb')
  })
})

describe('as a program', () => {
  const program = join(import.meta.dirname, '../script/doctor.ts')
  const run = (env: Record<string, string>, ...args: string[]) =>
    new Promise<{ code: number; output: string }>(resolve => {
      const whole = {
        PATH: process.env['PATH'] ?? '',
        DATA_DIR: data.path,
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        PORT: '0',
        ...env,
      }
      execFile(process.execPath, [program, ...args], { env: whole }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
      )
    })

  test('ends with 0 when nothing is broken, and tells other programs in JSON', async () => {
    const { code, output } = await run({ SERVERS_CONFIG: noServers() }, '--json')
    const { ok, findings } = JSON.parse(output)
    expect([code, ok]).toEqual([0, true])
    expect(findings).toContainEqual({ state: 'good', about: 'Node', found: process.versions.node })
  })

  test('ends with 1 when something is broken, and prints no secret that it was given', async () => {
    const { code, output } = await run({
      SERVERS_CONFIG: file('{'),
      SECRET_KEY: 'too-short-a-secret',
      TELEGRAM_TOKEN: 'what-is-no-token',
    })
    expect(code).toBe(1)
    expect(output).toMatch(/3 broken, \d+ to think about\.\n$/)
    expect(output).not.toMatch(/too-short-a-secret|what-is-no-token/)
  })
})
