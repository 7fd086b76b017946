// Every row of the table of endpoints in README, asked of a whole house in the order of the table.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Config, loadConfig } from '../src/config/config.ts'
import { type House, openHouse } from '../src/house.ts'
import { createKeys } from '../src/keys.ts'
import { silentLog } from '../src/log.ts'
import { openRedis } from '../src/redis/redis.ts'
import { findInOrder, namedIn, pattern, readPattern, textPattern } from './pattern.ts'
import { dataFolder } from './processes.ts'
import { startTokenWeb, type TokenWeb } from './wire/mcp/by-token.ts'
import { type OpenAiWire, startOpenAiWire, type WireBody, type WireReply } from './wire/openai.ts'

const root = join(import.meta.dirname, '..')
const data = dataFolder()
const list = join(data.path, 'servers.config.json')
let openai: OpenAiWire
let notes: TokenWeb
let house: House
let url = ''
let adminKey = ''

beforeAll(async () => {
  openai = await startOpenAiWire({ script: reply, embeds: text => [text.length, 1] })
  notes = await startTokenWeb()
  writeServers()
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', DATA_DIR: data.path, PORT: '0', SERVERS_CONFIG: list },
    ...{ OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'k', MODEL: 'test-model', EMBEDDING_MODEL: 'test-vectors' },
    ...{ SECRET_KEY: 'k'.repeat(32), ALLOW_PRIVATE_HOSTS: '127.0.0.1' },
  }
  const config = loadConfig(root, env)
  adminKey = await makeAdminKey(config)
  const web = { ...config.web, watchEveryMs: 50 } // so that nobody waits for what /mcp tells of new tools
  house = await openHouse({ config: { ...config, web }, log: silentLog })
  url = house.webUrl ?? ''
}, 60_000)
afterAll(async () => {
  await house.close()
  await Promise.all([openai.close(), notes.close()])
  data.remove()
})

/** As `npm run keys -- add ada --admin` makes it, before the house knows any. */
async function makeAdminKey({ dataDir, searchPath: path }: Config): Promise<string> {
  const { redis, close } = await openRedis({ root, dir: join(dataDir, 'redis'), path, log: silentLog })
  const key = await createKeys(redis, { log: silentLog }).add('ada', { admin: true, again: false })
  await close()
  return key ?? expect.fail('ada has a key already')
}

/** `sqlite` as it is shipped, a server that asks its person, and one that draws; with `annex` the tools of the second once more. */
function writeServers(annex = false): void {
  const program = (file: string, rest = {}) => ({ command: 'node', args: [join(root, file)], ...rest })
  const sqlite = { env: { DB_PATH: join(data.path, 'sample.db') }, excludeTools: ['write_query', 'create_table'] }
  const hotel = program('test/wire/mcp/asking.ts', { autoApprove: ['*'] })
  const mcpServers = {
    sqlite: program('servers/sqlite/sqlite.ts', sqlite),
    hotel,
    demo: program('test/wire/demo-server.ts', { autoApprove: ['*'] }),
    ...(annex && { annex: hotel }),
  }
  writeFileSync(list, JSON.stringify({ mcpServers }))
}

/** Asks for tools, and answers with what they returned. */
function reply({ messages }: WireBody): WireReply {
  const at = messages.findLastIndex(({ role }) => role === 'user')
  const results = messages.slice(at).filter(({ role }) => role === 'tool')
  if (results.length > 0) return { text: `This came: ${results.map(({ content }) => content).join(', ')}` }
  const names = /plan|平面图/.test(String(messages[at]?.content)) ? ['demo__draw_plan', 'hotel__book'] : ['sqlite__list_tables']
  return { calls: names.map(name => ({ name, input: {} })) }
}

interface Row {
  endpoint: string
  method: string
  path: string
  /** A body, and headers. */
  send: string[]
  /** A text, JSON, or some lines of a stream; empty: nothing comes. */
  comes: string[]
}

function rowsOf(file: string): Row[] {
  const rows = readFileSync(join(root, file), 'utf8').matchAll(/^\| ([A-Z]+) `(\/[^`]*)` \|([^|]*)\|([^|]*)\|$/gm)
  const spans = (cell: string) => [...cell.matchAll(/`([^`]*)`/g)].map(([, span = '']) => span)
  return [...rows].map(([, method = '', path = '', send = '', comes = '']) => {
    return { endpoint: `${method} ${path}`, method, path, send: spans(send), comes: spans(comes) }
  })
}

/** What an event needs to come that no question brings about. */
const meanwhile: Record<string, () => void> = { 'GET /mcp': changeTools }
let hasAnnex = false
function changeTools(): void {
  hasAnnex = !hasAnnex
  writeServers(hasAnnex)
}

/** One who asks row after row, and keeps by its name what a row told of it, or was sent. */
function asker() {
  const known = new Map<string, string>([
    ['url', notes.url],
    ['key', 'top-secret'],
    ['admin-key', adminKey],
  ])
  const fill = (name: string) => known.get(name) ?? expect.fail(`no row above has told a "${name}"`)
  const keep = (named: [name: string, value: string][]) => {
    for (const [name, value] of named) known.set(name, value)
  }

  async function ask({ method, path, send }: Row): Promise<Response> {
    const filled = send.map(span => span.replace(/<([\w-]+)>/g, (_, name: string) => fill(name)))
    const body = filled.find(span => span.startsWith('{'))
    const headers = filled.filter(span => span !== body).map(span => span.split(': ', 2))
    const response = await fetch(url + path.replace(/:(\w+)/g, (_, name: string) => fill(name)), {
      method,
      headers: {
        Accept: 'application/json, text/event-stream',
        ...(path.startsWith('/admin') && { Authorization: `Bearer ${adminKey}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...Object.fromEntries(headers),
      },
      ...(body !== undefined && { body }),
    })
    if (!response.ok) expect.fail(`${response.status} ${await response.text()}`)
    keep([...response.headers])
    if (body !== undefined)
      keep(Object.entries(JSON.parse(body)).filter((one): one is [string, string] => typeof one[1] === 'string'))
    return response
  }

  async function expectWhole(row: Row): Promise<void> {
    const [wanted = '', ...others] = row.comes
    expect(others).toEqual([])
    const got = Buffer.from(await (await ask(row)).arrayBuffer()).toString()
    if (!/^[[{]/.test(wanted)) return expect(got).toMatch(textPattern(wanted))
    expect(JSON.parse(got)).toEqual(pattern(readPattern(wanted)))
    keep(namedIn(readPattern(wanted), JSON.parse(got)))
  }

  /** Leaves the stream as soon as all has come. */
  async function expectEvents(row: Row): Promise<void> {
    const response = await ask(row)
    let stream = ''
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      stream += piece
      const { missing, named } = findInOrder(stream.slice(0, stream.lastIndexOf('\n') + 1), row.comes)
      if (missing === undefined) return keep(named)
    }
    expect.fail(`${findInOrder(stream, row.comes).missing}\nis not in\n${stream}`)
  }
  return async (row: Row) => {
    if (/^(data)?: /.test(row.comes[0] ?? '')) return expectEvents(row)
    if (row.method !== 'GET') return expectWhole(row)
    return vi.waitFor(() => expectWhole(row), { timeout: 10_000, interval: 50 }) // what workers tell of themselves comes within seconds
  }
}

/** Again and again, since what is done before anybody hears it is told to nobody. */
function during(work: Promise<void>, act: (() => void) | undefined): Promise<void> {
  act?.()
  const acting = setInterval(() => act?.(), 3000)
  return work.finally(() => clearInterval(acting))
}

describe.each(['README.md', 'README.zh-CN.md'])('the table of endpoints in %s', file => {
  const rows = rowsOf(file)

  test('has every route once', async () => {
    const { endpoints } = (await (await fetch(url)).json()) as { endpoints: { method: string; path: string }[] }
    expect(rows.map(({ endpoint }) => endpoint).toSorted()).toEqual(
      endpoints.map(({ method, path }) => `${method} ${path}`).toSorted(),
    )
  })

  let askRow: ReturnType<typeof asker>
  beforeAll(() => {
    askRow = asker()
  })
  test.each(rows)('$endpoint', row => during(askRow(row), meanwhile[row.endpoint]))
})
