import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { readServers } from '../src/config/servers.ts'
import { ConfigError } from '../src/errors.ts'
import { type RedisAddress, readRedisAddress } from '../src/redis/address.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellhop-config-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function problemsOf(read: () => unknown): string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('an empty environment is a whole configuration', () => {
  const config = loadConfig(folder, {})
  expect(config).toMatchObject({
    role: 'all',
    modelUrls: [],
    web: { host: '127.0.0.1', port: 8000, apiKeys: [], perMinute: 600, corsOrigins: [] },
    concurrency: 32,
    drainMs: 25_000,
    locale: 'en',
  })
  expect(config).not.toHaveProperty('model')
  expect(config).not.toHaveProperty('telegram')
  expect(config.dataDir).toBe(join(folder, 'data'))
  expect(config.serversFile).toBe(join(folder, 'servers.config.json'))
})

test('what was read cannot be changed any more', () => {
  const config = loadConfig(folder, {})
  expect(() => {
    config.web.port = 1
  }).toThrow(TypeError)
})

test('empty counts as unset, and other names are understood', () => {
  const config = loadConfig(folder, { TELEGRAM_TOKEN: ' ', OPENAI_API_BASE: 'http://127.0.0.1:9/v1', DEFAULT_MODEL: 'llama' })
  expect(config).not.toHaveProperty('telegram')
  expect(config.model).toEqual({ apiKey: 'none', baseUrl: 'http://127.0.0.1:9/v1', names: ['llama'] })
})

test('what people bring needs a key and an address to come back to', () => {
  const key = 'k'.repeat(32)
  const said = { SECRET_KEY: key, PUBLIC_URL: 'https://bot.example/', ALLOW_PRIVATE_HOSTS: 'Wiki.internal, [fd00::1]:8080' }
  const config = loadConfig(folder, said)
  expect(config).toMatchObject({ secretKey: key, publicUrl: 'https://bot.example' })
  expect(config.allowPrivateHosts).toEqual(['wiki.internal', '[fd00::1]:8080'])
  expect(loadConfig(folder, {})).not.toHaveProperty('secretKey')
})

test('a comma list of models is a chain, in which each stands once', () => {
  const { model } = loadConfig(folder, { OPENAI_API_KEY: 'k', MODEL: ' large, small,,large ', MODEL_SMALL: 'tiny' })
  expect(model).toEqual({ apiKey: 'k', names: ['large', 'small'], small: 'tiny' })
  expect(() => loadConfig(folder, { MODEL: ',' })).toThrow('MODEL is ",": it must be a name, or a comma list of names')
})

test('turns are traced where there is an address for it', () => {
  const endpoint = 'http://127.0.0.1:4318'
  expect(loadConfig(folder, { OTEL_SERVICE_NAME: 'concierge' })).not.toHaveProperty('traces')
  expect(loadConfig(folder, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).traces).toEqual({
    ...{ endpoint, headers: {}, service: 'bellhop' },
  })
  const said = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a=b, x-team = bots' }
  expect(loadConfig(folder, said).traces?.headers).toEqual({ authorization: 'Bearer a=b', 'x-team': 'bots' })
})

test('a model that hears needs an endpoint to be at', () => {
  const heard = loadConfig(folder, { OPENAI_API_KEY: 'k', TRANSCRIBE_MODEL: 'whisper-1' })
  expect(heard.model).toEqual({ apiKey: 'k', names: ['gpt-5-mini'], transcribe: 'whisper-1' })
  expect(loadConfig(folder, { TRANSCRIBE_MODEL: 'whisper-1' })).not.toHaveProperty('model')
  expect(loadConfig(folder, { OPENAI_API_KEY: 'k', EMBEDDING_MODEL: 'e' }).model).toMatchObject({ embed: 'e' })
})

test.each<[string, Record<string, string>, string]>([
  ['a port that is none', { PORT: '99999' }, 'PORT is "99999": it must be a whole number from 0 to 65535'],
  ['a word for a number', { CONCURRENCY: 'many' }, 'CONCURRENCY is "many": it must be a whole number from 1 to 1000'],
  ['an unknown role', { ROLE: 'boss' }, 'ROLE is "boss": it must be one of all, gateway, worker'],
  [
    'an address without a scheme',
    { OPENAI_BASE_URL: 'localhost:1234' },
    'OPENAI_BASE_URL is "localhost:1234": it must be an http:// or https:// address',
  ],
  [
    'a mistake under another name',
    { OPENAI_API_BASE: 'nope' },
    'OPENAI_API_BASE is "nope": it must be an http:// or https:// address',
  ],
  [
    'a token, without repeating it',
    { TELEGRAM_TOKEN: 'sekrit' },
    'TELEGRAM_TOKEN is not usable: it must be a bot token such as 123456:ABC-DEF, as @BotFather gives it',
  ],
  ...['no-sign', '=abc', 'a=%E0%A4'].map((headers): [string, Record<string, string>, string] => [
    `headers that are none, such as ${headers}`,
    { OTEL_EXPORTER_OTLP_HEADERS: headers },
    'OTEL_EXPORTER_OTLP_HEADERS is not usable: it must be a comma list such as authorization=Bearer%20abc,x-team=bots',
  ]),
  [
    'a short key, without repeating it',
    { SECRET_KEY: 'hush-hush' },
    'SECRET_KEY is not usable: it must be at least 32 characters that nobody can guess, such as what `openssl rand -base64 33` prints',
  ],
  [
    'hosts that are addresses',
    { ALLOW_PRIVATE_HOSTS: 'wiki.internal, http://x/' },
    'ALLOW_PRIVATE_HOSTS is "wiki.internal, http://x/": it must be a comma list of hosts such as wiki.internal,10.0.0.7:8080',
  ],
  [
    'an address with a password, without repeating it',
    { REDIS_URL: 'http://:pw@host' },
    'REDIS_URL is not usable: it must be a redis:// or rediss:// address, several with commas between for a Redis Cluster, or redis+sentinel://host:26379,host:26379/master',
  ],
  [
    'a cluster of which one node has another password, without repeating it',
    { REDIS_URLS: 'redis://:pw@one,redis://:other@two' },
    'REDIS_URLS is not usable: it must be addresses with the same user and password: those of the first are used for every node',
  ],
  [
    'a cluster half behind TLS',
    { REDIS_URL: 'redis://one,rediss://two' },
    'REDIS_URL is not usable: it must be addresses that all begin with redis://, or all with rediss://',
  ],
  [
    'a cluster with a database',
    { REDIS_URL: 'redis://one,redis://two/3' },
    'REDIS_URL is not usable: it must be addresses without the number of a database: a Redis Cluster has only one',
  ],
  [
    'sentinels without the name of a master',
    { REDIS_URL: 'redis+sentinel://:pw@one:26379,two' },
    'REDIS_URL is not usable: it must be redis+sentinel://host:26379,host:26379/master, with the name of the master that the sentinels watch at its end',
  ],
  [
    'sentinels with an option that nobody knows',
    { REDIS_URL: 'redis+sentinel://one/main?ssl=true' },
    'REDIS_URL is not usable: it must be an address with no options but sentinel_username and sentinel_password',
  ],
  [
    'an open door without a key',
    { HOST: '0.0.0.0' },
    'HOST is "0.0.0.0", which others can reach: set HTTP_API_KEYS to one or more secret keys, or HOST to 127.0.0.1',
  ],
  ['a file that is not there', { SERVERS_CONFIG: './nope.json' }, 'SERVERS_CONFIG is "./nope.json": there is no such file'],
])('%s is one sentence', (_what, env, sentence) => {
  expect(problemsOf(() => loadConfig(folder, env))).toEqual([sentence])
})

test.each<[string, Partial<RedisAddress>]>([
  [
    'rediss://me:pw@one/2',
    { nodes: [{ host: 'one', port: 6379 }], login: { username: 'me', password: 'pw' }, tls: true, database: 2 },
  ],
  ['redis://:p,w@[::1]:7000', { nodes: [{ host: '::1', port: 7000 }], login: { password: 'p,w' }, tls: false }],
  [
    'redis://me:pw@one:7000, redis://two:7001,redis://me:pw@three',
    { kind: 'servers', urls: ['redis://me:pw@one:7000', 'redis://me:pw@two:7001', 'redis://me:pw@three'], database: 0 },
  ],
  [
    'rediss+sentinel://me:p%40w@one,two:5000,[::1]:5001/main/2?sentinel_username=it&sentinel_password=p%25w',
    {
      kind: 'sentinels',
      sentinels: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 5000 },
        { host: '::1', port: 5001 },
      ],
      master: 'main',
      login: { username: 'me', password: 'p@w' },
      sentinelLogin: { username: 'it', password: 'p%w' },
      tls: true,
      database: 2,
    },
  ],
])('%s leads to a Redis', (url, expected) => {
  expect(loadConfig(folder, { REDIS_URLS: url }).redisUrl).toBe(url)
  expect(readRedisAddress(url)).toMatchObject(expected)
})

test('all mistakes are told at once', () => {
  expect(problemsOf(() => loadConfig(folder, { PORT: 'x', ROLE: 'y', SERVERS_CONFIG: 'z' }))).toHaveLength(3)
})

test('a file under its other name is found', () => {
  writeFileSync(join(folder, 'servers_config.json'), '{"mcpServers": {"a": {"command": "b"}}}')
  expect(loadConfig(folder, {}).servers.servers[0]?.name).toBe('a')
  expect(loadConfig(folder, {}).serversFile).toBe(join(folder, 'servers_config.json'))
  rmSync(join(folder, 'servers_config.json'))
})

describe('servers.config.json', () => {
  const read = (entries: object, env = {}) =>
    readServers(JSON.stringify({ mcpServers: entries }), 'servers.config.json', env, '/home/bot')

  test.each<[string, object, object]>([
    [
      'a program',
      { command: 'uvx', args: ['x'], env: { A: 'b' } },
      { kind: 'stdio', command: 'uvx', args: ['x'], env: { A: 'b' }, cwd: '/home/bot' },
    ],
    ['the Node of the house', { command: 'node' }, { kind: 'stdio', command: process.execPath }],
    ['a folder beside the file', { command: 'a', cwd: 'tools' }, { cwd: '/home/bot/tools' }],
    [
      'an address',
      { url: 'https://x.org/mcp', headers: { A: 'b' } },
      { kind: 'auto', url: 'https://x.org/mcp', headers: { A: 'b' } },
    ],
    ['Streamable HTTP', { type: 'streamable-http', url: 'https://x.org/mcp' }, { kind: 'http' }],
    ['SSE', { type: 'sse', url: 'https://x.org/sse' }, { kind: 'sse' }],
  ])('understands %s', (_what, entry, transport) => {
    expect(read({ a: entry }).servers[0]?.transport).toMatchObject(transport)
  })

  test('fills in variables, with defaults, and leaves dollars alone', () => {
    const { servers } = read(
      { a: { url: 'https://${HOST}/${PATH:-mcp}', headers: { Authorization: 'Bearer ${env:KEY}', Price: '$$5' } } },
      { HOST: 'x.org', KEY: 'k' },
    )
    expect(servers[0]?.transport).toEqual({
      kind: 'auto',
      url: 'https://x.org/mcp',
      headers: { Authorization: 'Bearer k', Price: '$5' },
    })
  })

  test.each<[string, unknown, string]>([
    ['no way to reach it', {}, 'mcpServers.bad has neither "command" nor "url": one of them must say how to reach the server'],
    ['an argument that is no text', { command: 'a', args: [5] }, 'mcpServers.bad.args[0] is wrong: it must be a text'],
    ['an unknown type', { type: 'pigeon', url: 'x' }, 'mcpServers.bad.type is wrong: it must be one of stdio, local, http'],
    [
      'an address of another kind',
      { url: 'ftp://x' },
      'mcpServers.bad.url is "ftp://x": it must be an http:// or https:// address',
    ],
    [
      'a variable that is not set',
      { command: 'a', env: { KEY: '${NOT_SET}' } },
      'mcpServers.bad needs NOT_SET, which is not set: set it in .env',
    ],
    ['an entry that is no object', 'text', 'mcpServers.bad is wrong'],
  ])('%s disables that entry and no other', (_what, entry, sentence) => {
    const config = read({ good: { command: 'a' }, bad: entry, better: { command: 'b' } })
    expect(config.servers.map(({ name }) => name)).toEqual(['good', 'better'])
    expect(config.disabled).toMatchObject([{ name: 'bad' }])
    expect(config.disabled[0]?.error).toContain(`servers.config.json: ${sentence}`)
  })

  test('an entry that is switched off is not started, and no mistake', () => {
    expect(read({ a: { command: 'x', disabled: true }, b: { command: 'x', enabled: false } })).toEqual({
      servers: [],
      disabled: [{ name: 'a' }, { name: 'b' }],
      warnings: [],
    })
  })

  test.each([
    ['{ oops', /^servers\.config\.json is not JSON: /],
    ['[]', /^servers\.config\.json is wrong: it must be an object/],
    ['{}', /^servers\.config\.json\.mcpServers is wrong: it must be an object with one entry a server/],
  ])('a file that holds %s is one sentence', (json, sentence) => {
    expect(problemsOf(() => readServers(json, 'servers.config.json', {}, '/'))[0]).toMatch(sentence)
  })
})
