import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAsker } from '../src/setup/asking.ts'
import { mergeEnv, valuesOf } from '../src/setup/env-file.ts'
import { createServers, type RedisServer } from './redis-servers.ts'
import { type DiscordWire, startDiscordWire } from './wire/discord.ts'
import { type OpenAiWire, startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'

const servers = createServers()
let redis: RedisServer
let discord: DiscordWire
let telegram: TelegramWire
let openai: OpenAiWire
let folder: string

beforeAll(async () => {
  const all = [servers.start({ appendonly: 'yes' }), startDiscordWire(), startTelegramWire()] as const
  ;[redis, discord, telegram] = await Promise.all(all)
  openai = await startOpenAiWire({
    apiKey: 'sk-right-0123456789',
    script: ({ tools }) => (tools?.length ? { calls: [{ name: 'ping', input: { text: 'ok' } }] } : { text: 'ok' }),
  })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellhop-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
afterAll(() => Promise.all([servers.close(), discord.close(), telegram.close(), openai.close()]))

interface Wizard {
  child: ChildProcess
  output(): string
  /** With the exit code. */
  ended: Promise<number | null>
}

/** The program over a pipe that stays open until `end`. */
function open(env: Record<string, string> = {}): Wizard {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../script/setup.ts'), folder], {
    env: {
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      DATA_DIR: folder,
      PORT: '0',
      DISCORD_API_URL: discord.api,
      TELEGRAM_API_ROOT: telegram.url,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (output += data.toString()))
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code as number | null) }
}

/** All answers at once, then nothing more. */
async function answer(lines: string[], env: Record<string, string> = {}) {
  const { child, output, ended } = open(env)
  child.stdin?.end(lines.map(line => `${line}\n`).join(''))
  return { code: await ended, output: output() }
}

const envFile = () => join(folder, '.env')
const written = () => valuesOf(readFileSync(envFile(), 'utf8'))

describe('from an empty folder', () => {
  test('to a whole .env that nobody else can read, with the lines of the doctor', async () => {
    const { code, output } = await answer([
      ...[openai.url, 'sk-right-0123456789', 'big,small'],
      ...[discord.token, 'n'],
      telegram.token,
      'y',
      'y',
    ])
    expect(code).toBe(0)
    expect(written()).toEqual({
      OPENAI_BASE_URL: openai.url,
      OPENAI_API_KEY: 'sk-right-0123456789',
      MODEL: 'big,small',
      DISCORD_TOKEN: discord.token,
      TELEGRAM_TOKEN: telegram.token,
      HOST: '0.0.0.0',
      HTTP_API_KEYS: expect.stringMatching(/^[\w-]{32}$/),
      SECRET_KEY: expect.stringMatching(/^[\w+/=]{44}$/),
    })
    expect(statSync(envFile()).mode & 0o777).toBe(0o600)
    expect(output).toContain(`https://discord.com/oauth2/authorize?client_id=${discord.world.appId}`)
    for (const line of ['✅ Model big: answers, streams, calls tools', '✅ Telegram: nobody else polls', '✅ Discord: signed in'])
      expect(output.slice(output.indexOf('npm run doctor'))).toContain(line)
    for (const secret of [discord.token, telegram.token, 'sk-right-0123456789', written()['SECRET_KEY'] ?? ''])
      expect(output).not.toContain(secret)
  })

  test('with nothing wanted, to a key for secrets and nothing more', async () => {
    expect((await answer(['none', '', '', '', ''])).code).toBe(0)
    expect(Object.keys(written())).toEqual(['SECRET_KEY'])
  })

  test('in Chinese where the terminal speaks it', async () => {
    const { output } = await answer(['none', '', '', '', ''], { LANG: 'zh_CN.UTF-8' })
    expect(output).toMatch(/接口地址[\s\S]*写入吗？[\s\S]*已写入/)
  })
})

test('each question says what Enter does, and of what is set already what "-" does', async () => {
  writeFileSync(envFile(), 'MODEL=mine\nTELEGRAM_TOKEN=1:old\n')
  const { output } = await answer([openai.url, 'sk-right-0123456789', '', '', '-', '', ''], { PORT: '8177' })
  for (const hint of [
    'Address of the endpoint (Enter: OpenAI itself; "none": no model for now):',
    'Key of the endpoint, not shown as you type (Enter: it needs none):',
    'Name of the model, or several with commas between (Enter keeps mine; "-": gpt-5-mini):',
    'Token of the bot, not shown as you type (Enter: no Discord):',
    'Token of the bot, not shown as you type (Enter keeps the one that is set; "-": no Telegram):',
    'http://127.0.0.1:8177,',
  ])
    expect(output).toContain(hint)
})

test('whether it listens is asked of a token that Discord takes, and tried', async () => {
  const { output } = await answer(['none', 'wrong.token', 'y', discord.token, 'y', 'n', '', '', ''])
  const asked = [...output.matchAll(/should it listen\?/g)]
  expect(asked).toHaveLength(1)
  expect(output.indexOf('should it listen?')).toBeGreaterThan(output.indexOf('✅ Discord: signed in'))
  expect(output.slice(output.indexOf('should it listen?'))).toMatch(/Asking Discord …\n {2}/)
})

describe('an answer that does not do', () => {
  test('is explained, and asked for anew', async () => {
    const { output } = await answer(['ftp://x', 'none', '', 'not a token', telegram.token, '', ''])
    expect(output).toContain('That does not do: OPENAI_BASE_URL is "ftp://x": it must be an http:// or https:// address')
    expect(output).toContain('That does not do: TELEGRAM_TOKEN is not usable: it must be a bot token such as')
    expect(written()).toMatchObject({ TELEGRAM_TOKEN: telegram.token })
  })

  test('is tried at once: a wrong key of the model and a wrong token', async () => {
    const model = [openai.url, 'sk-wrong-0123456789', '', 'y', '', 'sk-right-0123456789', '']
    const { output } = await answer([...model, 'wrong.token', 'y', discord.token, '', '', '', ''])
    expect(output).toMatch(/❌ Model gpt-5-mini: .*refused the key[\s\S]*✅ Model gpt-5-mini: answers/)
    expect(output).toMatch(/❌ Discord: DISCORD_TOKEN is refused \(401\)[\s\S]*✅ Discord: signed in as bellhop/)
    expect(written()).toMatchObject({ OPENAI_API_KEY: 'sk-right-0123456789', DISCORD_TOKEN: discord.token })
  })

  test('is not kept because a token stands where yes or no was wanted', async () => {
    const { output } = await answer(['none', '', 'wrong:0123', telegram.token, 'y', telegram.token, '', '', ''])
    expect(output).toContain('Type y or n, or press Enter.')
    expect(written()).toMatchObject({ TELEGRAM_TOKEN: telegram.token })
  })

  test('is kept when the person insists', async () => {
    await answer([openai.url, 'sk-wrong-0123456789', '', 'n', '', '', '', ''])
    expect(written()).toMatchObject({ OPENAI_API_KEY: 'sk-wrong-0123456789' })
  })
})

describe('a .env that is there', () => {
  const text = `# mine\nLOG_LEVEL=debug\nexport TELEGRAM_TOKEN=1:old # of last year\n\nOPENAI_API_KEY='sk-old-0123456789'\nSECRET_KEY=${'0123456789abcdefghijklmnopqrstuvwxyz'}\nUNKNOWN="a b"\n`
  beforeEach(() => writeFileSync(envFile(), text, { mode: 0o644 }))

  test('keeps what was not asked for, and gives up nothing without being told', async () => {
    const lines = ['', '', '', 'n', '', telegram.token, '', 'y']
    const { output } = await answer(lines, { OPENAI_BASE_URL: openai.url })
    expect(output).toContain('Replaced: TELEGRAM_TOKEN')
    expect(readFileSync(envFile(), 'utf8')).toBe(
      text.replace('export TELEGRAM_TOKEN=1:old # of last year', `TELEGRAM_TOKEN=${telegram.token}`),
    )
    expect(statSync(envFile()).mode & 0o777).toBe(0o600)
    expect(readFileSync(`${envFile()}.before`, 'utf8')).toBe(text)
    expect(statSync(`${envFile()}.before`).mode & 0o777).toBe(0o600)
    expect(output).toContain(`is kept in ${envFile()}.before`)
  })

  test('is not replaced by who only presses Enter, nor are its secrets shown', async () => {
    const lines = ['', '', '', 'n', '', telegram.token, '', '']
    const { code, output } = await answer(lines, { OPENAI_BASE_URL: openai.url })
    expect([code, readFileSync(envFile(), 'utf8')]).toEqual([0, text])
    expect(output).toMatch(/Nothing was written\.\n$/)
    expect(output).not.toMatch(/sk-old|1:old/)
  })

  test('loses what is taken out', async () => {
    await answer(['none', '', '-', '', 'y'])
    expect(Object.keys(written())).toEqual(['LOG_LEVEL', 'SECRET_KEY', 'UNKNOWN'])
  })

  test('stays as it is when the answers end too soon', async () => {
    const { code, output } = await answer(['none', '', telegram.token])
    expect([code, readFileSync(envFile(), 'utf8')]).toEqual([130, text])
    expect(output).toMatch(/Nothing was written\.\n$/)
  })

  test('stays as it is on Ctrl-C', async () => {
    const { child, output, ended } = open()
    await expect.poll(output).toContain('Address of the endpoint')
    child.stdin?.write('none\n')
    await expect.poll(output).toContain('2. Discord')
    child.kill('SIGINT')
    await ended
    expect(readFileSync(envFile(), 'utf8')).toBe(text)
  })
})

describe('at a terminal', () => {
  const opened = (onInterrupt = () => {}) => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    let shown = ''
    output.on('data', data => (shown += data))
    return { input, asker: createAsker({ input, output, typed: true, onInterrupt }), shown: () => shown }
  }

  test('what is typed is shown, unless it is a secret', async () => {
    const { input, asker, shown } = opened()
    const name = asker.ask('Name?')
    input.write('qwen3\r')
    expect(await name).toBe('qwen3')
    const key = asker.ask('Key?', true)
    input.write('sk-secret\r')
    expect(await key).toBe('sk-secret')
    expect(shown()).toContain('qwen3')
    expect(shown()).toContain('Key?')
    expect(shown()).not.toContain('sk-secret')
    asker.close()
  })

  test('Ctrl-C is heard while something is tried, too', async () => {
    let interrupted = 0
    const { input, asker } = opened(() => interrupted++)
    input.write('\x03')
    await expect.poll(() => interrupted).toBe(1)
    asker.close()
  })
})

test('whatever value is written is read back, and so is everything beside it', () => {
  const value = fc.string({ unit: 'grapheme-ascii' }).filter(text => !(text.includes("'") && text.includes('`')))
  fc.assert(
    fc.property(value, value, (first, second) => {
      const before = mergeEnv('# a note\nKEEP=this\n', { A: first, B: 'b' })
      const after = mergeEnv(before, { A: second, B: undefined })
      expect(valuesOf(before)).toEqual({ KEEP: 'this', A: first, B: 'b' })
      expect(valuesOf(after)).toEqual({ KEEP: 'this', A: second })
      expect(after.startsWith('# a note\n')).toBe(true)
    }),
  )
})

test('no draft of the file is left behind', async () => {
  await answer(['none', '', '', '', ''])
  expect(readdirSync(folder).filter(name => name.startsWith('.env'))).toEqual(['.env'])
})
