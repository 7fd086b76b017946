import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../src/config/config.ts'
import { secretsOf } from '../src/config/secrets.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import { createRedact, discreet } from '../src/redact.ts'
import { fakeChat } from './fakes.ts'
import { withFiles } from './media.ts'
import { fc } from './properties.ts'

/** Put together here, so that no scanner takes this file for a leak. */
const made = (...parts: string[]) => parts.join('')
const letters = (count: number) => 'aB3dE6gH9jK2'.repeat(10).slice(0, count)
const pem = (kind = '') =>
  [`-----BEGIN ${kind}PRIVATE KEY-----`, letters(64), letters(64), 'ab==', `-----END ${kind}PRIVATE KEY-----`].join('\n')

const keys: [string, string][] = [
  ['OpenAI', made('sk-', letters(48))],
  ['OpenAI, of a project', made('sk-proj-', letters(40), '_', letters(40))],
  ['Anthropic', made('sk-ant-api03-', letters(80))],
  ['Slack', made('xoxb-', '123456789012-', letters(24))],
  ['GitHub', made('ghp_', letters(36))],
  ['GitHub, of the newer kind', made('github_pat_', letters(22), '_', letters(59))],
  ['Telegram', made('123456789:', letters(35))],
  ['Discord', made('M', letters(25), '.', letters(6), '.', letters(38))],
  ['AWS', made('AKIA', 'ABCDEFGH23456789')],
  ['Google', made('AIza', letters(35))],
]

describe('a key that nobody configured', () => {
  const redact = createRedact([])

  test.each(keys)('of %s is known by its looks', (_of, key) => {
    expect(redact(`Use ${key}, or \`${key}\`.`)).toBe('Use [hidden], or `[hidden]`.')
    expect(redact(`{"key":"${key}"}`)).toBe('{"key":"[hidden]"}')
  })

  test('in a header, in an address, and over several lines', () => {
    expect(redact(`Authorization: Bearer ${letters(30)}==`)).toBe('Authorization: Bearer [hidden]')
    expect(redact(`https://api.telegram.org/bot${keys[6]?.[1]}/getMe`)).toBe('https://api.telegram.org/bot[hidden]/getMe')
    expect(redact(`Before\n${pem()}\nafter`)).toBe('Before\n[hidden]\nafter')
    expect(redact(`{"pem":${JSON.stringify(pem('RSA '))},"b":1}`)).toBe('{"pem":"[hidden]","b":1}')
    expect(redact(`cut off: ${pem().slice(0, 120)}`)).toMatch(/^cut off: \[hidden\]\w{0,15}$/)
  })

  test.each([
    'a task-management-system-for-large-teams2',
    'sk-learn-compatible-estimator-classes',
    'at 12345678: it is late',
    'order 1234567890:next',
    'the bearer of bad news',
    'Bearer authentication-is-described-there',
    'AKIAB is short',
    '-----BEGIN PUBLIC KEY-----\nabc',
    '[hidden]',
  ])('is not seen in: %s', text => {
    expect(redact(text)).toBe(text)
  })
})

describe('what the operator keeps secret', () => {
  const redact = createRedact(['correct horse', 'a+b/c=d"e\\f', 'short', 'secret', 'correct horse battery'])

  test('is hidden wherever it stands, as it would be written there', () => {
    expect(redact('correct horse, correct horse battery')).toBe('[hidden], [hidden]')
    expect(redact('?q=correct%20horse')).toBe('?q=[hidden]')
    expect(redact(JSON.stringify({ a: 'a+b/c=d"e\\f' }))).toBe('{"a":"[hidden]"}')
  })

  test('is left when it is so short that plain words would be hidden', () => {
    expect(redact('a short secret')).toBe('a short secret')
  })

  test('is hidden once and for all', () => {
    const piece = fc.oneof(fc.constantFrom('correct ', 'horse', 'sk-', 'Bearer ', letters(30), '1', '\n', ':'), fc.string())
    fc.assert(
      fc.property(fc.array(piece), pieces => {
        const once = redact(pieces.join(''))
        expect(redact(once)).toBe(once)
      }),
    )
  })
})

describe('while a text grows', () => {
  const redact = createRedact(['correct horse battery'])

  test.each([
    ['a word of the operator', 'correct horse battery'],
    ...keys,
    ['PEM', pem()],
    ['a header', `Bearer ${letters(30)}`],
  ])('nobody ever reads half of a key: %s', (_of, key) => {
    const text = `It is ${key}`
    /** What comes before the dot, or in the first line, is no secret. */
    const open = Math.max(10, key.search(/[.\n]/))
    for (let at = 1; at <= text.length; at++) {
      const shown = redact(text.slice(0, at), true).replace(/^It is |Bearer|\[hidden\]/g, '')
      expect(shown.length, `after ${at} characters`).toBeLessThanOrEqual(at === text.length ? 1 : open)
    }
    expect(redact(`${text} `, true).replace('Bearer ', '')).toBe('It is [hidden] ')
  })

  test('what turns out to be no secret comes a moment later', () => {
    expect(redact('That is corr', true)).toBe('That is ')
    expect(redact('That is correct.', true)).toBe('That is correct.')
    expect(redact('a disk-', true)).toBe('a disk-')
    expect(redact('That is corr')).toBe('That is corr')
  })
})

describe('an adapter that says no secret', () => {
  const redact = createRedact(['correct horse'])

  test('hides them in posts, edits and files of text, and is else the same', async () => {
    const chat = fakeChat()
    const { posted } = withFiles(chat)
    const adapter = discreet(chat.adapter, redact)
    const out = { text: 'It is correct horse', buttons: [{ label: 'correct horse!', action: 'a', token: 't' }], final: true }
    const id = await adapter.post('fake:1', out, 'm1', 'key-1')
    await adapter.edit('fake:1', id, { ...out, text: 'Still correct horse' })
    expect(chat.calls.map(({ out }) => out.text)).toEqual(['It is [hidden]', 'Still [hidden]'])
    expect(chat.shown.get(id)?.buttons).toEqual([{ label: '[hidden]!', action: 'a', token: 't' }])
    expect([chat.keys, chat.repliedTo]).toEqual([['key-1'], ['m1']])
    const picture = new Uint8Array([0xff, 0xd8, 0xff])
    const file = (name: string, mime: string, data: Uint8Array) => adapter.postFile?.('fake:1', { name, mime, data }, 'm1', 'f')
    await file('correct horse.md', 'text/markdown', Buffer.from('# correct horse 安'))
    await file('a.jpg', 'image/jpeg', picture)
    expect(posted).toMatchObject([
      { name: '[hidden].md', data: new TextEncoder().encode('# [hidden] 安'), replyTo: 'm1', key: 'f' },
      { name: 'a.jpg', data: picture },
    ])
    expect(adapter).toMatchObject({ platform: 'fake', limits: chat.adapter.limits })
    expect(discreet(fakeChat().adapter, redact).postFile).toBeUndefined()
  })

  test('tells of itself what is true now', () => {
    let url: string | undefined
    const adapter = Object.assign(Object.create({}), fakeChat().adapter)
    Object.defineProperty(adapter, 'url', { get: () => url, enumerable: true })
    const safe = discreet(adapter, redact)
    url = 'http://127.0.0.1:1'
    expect('url' in safe && safe.url).toBe(url)
  })
})

describe('the secrets of a configuration', () => {
  const config = (env: Record<string, string>, servers: Partial<ServerConfig>[] = []): Config => ({
    ...loadConfig('/nowhere', { PATH: '', ...env }),
    servers: { servers: servers as ServerConfig[], disabled: [], warnings: [] },
  })

  test('are its keys, tokens and passwords', () => {
    const env = {
      OPENAI_API_KEY: 'key-of-model-1',
      TELEGRAM_TOKEN: '123:telegram',
      TELEGRAM_WEBHOOK_URL: 'https://x.example/hook',
      TELEGRAM_WEBHOOK_SECRET: 'hook-secret',
      DISCORD_TOKEN: 'discord.token',
      HTTP_API_KEYS: 'http-key-1,http-key-2',
      REDIS_URL: 'redis+sentinel://me:pass%20word@a:1/main?sentinel_password=other-word',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-honey-team=of%20collector',
    }
    expect(secretsOf(config(env))).toEqual([
      'key-of-model-1',
      '123:telegram',
      'hook-secret',
      'discord.token',
      'http-key-1',
      'http-key-2',
      'pass word',
      'other-word',
      ...['of collector', 'of', 'of', 'collector', 'collector'],
    ])
    expect(secretsOf(config({ REDIS_URL: 'redis://:of-one-server@a:1' }))).toEqual(['of-one-server'])
    expect(secretsOf(config({ OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'lm-studio' }))).toEqual([])
  })

  test('are what servers are given by such a name, and the parts of it', () => {
    const stdio = {
      kind: 'stdio' as const,
      command: 'x',
      args: ['--db', '/data/shop.db', '--api-key=in-argument', '--password', 'in-the-next'],
      env: { GITHUB_TOKEN: 'gh-value', TOKEN_LIMIT: '100000000', API_KEY_FILE: '/run/key', DB_PATH: '/data/shop.db', KEY: '' },
    }
    const url = {
      kind: 'http' as const,
      url: 'https://me:p%40ssword@x.example/mcp?apikey=in-address&lang=en-GB-oxford',
      headers: { Authorization: 'Bearer in-header', Cookie: 'session=in-cookie; theme=darker-still', Accept: 'application/json' },
    }
    const found = secretsOf(config({}, [{ transport: stdio }, { transport: url }]))
    for (const secret of [
      'in-argument',
      'in-the-next',
      'gh-value',
      'in-header',
      'in-cookie',
      'in-address',
      'p@ssword',
      'p%40ssword',
    ])
      expect(found).toContain(secret)
    for (const plain of ['100000000', '/run/key', '/data/shop.db', 'en-GB-oxford', 'application/json'])
      expect(found).not.toContain(plain)
  })
})

test('a log line holds no secret, whatever repeats it', () => {
  const script = `
    const { createLog, reason } = await import('./src/log.ts')
    const { createRedact } = await import('./src/redact.ts')
    const log = createLog('info', false, createRedact(['correct horse']))
    log.warn({ reason: reason(new Error('no correct horse', { cause: new Error('${keys[0]?.[1]}') })), token: 'x' }, 'correct horse')`
  const cwd = join(import.meta.dirname, '..')
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' })
  const facts = { reason: 'no [hidden] ([hidden])', token: '[hidden]', msg: '[hidden]' }
  expect(JSON.parse(stderr)).toMatchObject(facts)
})
