import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { MadeKeys } from '../adapters/web/key-ring.ts'
import { createOperator } from '../src/operator.ts'
import type { TurnReport } from '../src/telemetry/turn-report.ts'
import { createVisits } from '../src/visits.ts'
import { apiHouse } from './api.house.ts'
import { fakeToolbox } from './fakes.ts'
import { expectInOrder, pattern, readPattern } from './pattern.ts'
import { fine } from './web.house.ts'
import type { WireBody } from './wire/openai.ts'

const read = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8')
const page = read('docs/http-api.md')
const tools = [{ name: 'list_tables', description: 'Lists the tables', label: 'List tables', server: 'sqlite' }]

let house: Awaited<ReturnType<typeof apiHouse>>
let url = ''
beforeAll(async () => {
  house = await apiHouse()
  const toolbox = fakeToolbox({ list_tables: () => ({ ok: true, text: 'rooms' }) })
  const web = { status: async () => ({ ...fine, tools }), metrics: async () => '', madeKeys: oneKey, admin: operatorsPage() }
  const open = await house.open({ toolbox, web })
  url = open.url
})
beforeEach(() => house.wire.script(reply))
afterAll(async () => {
  await house.clear()
  await house.close()
})

/** As if somebody had made it: `npm run keys -- add ada --admin`. */
const key = 'bhk_of-an-admin'
const oneKey: MadeKeys = {
  async listen(hear) {
    hear([{ name: 'ada', hash: createHash('sha256').update(key).digest('hex'), admin: true }])
    return () => {}
  },
  used: () => {},
}

/** Over the rooms of the house, with the turn and the error that the page has. */
function operatorsPage() {
  const { redis, jobs } = house.rooms
  const turn: TurnReport = {
    ...{
      id: 'telegram:7:21',
      conversation: 'telegram:7',
      platform: 'telegram',
      kind: 'chat',
      author: '7',
      worker: 'host-42-1a2b3c4d',
    },
    ...{ sentAt: 0, keptAt: 10, beganAt: 30, endedAt: 1900, again: false, how: 'answered', model: 'm', firstPaintMs: 250 },
    ...{ tokens: { input: 9, output: 3 }, edits: 4, limited: 0 },
    spans: [
      { what: 'model', name: 'm', at: 31, ms: 800, ok: true, state: 'ok' },
      { what: 'tool', name: 'list_tables', server: 'sqlite', at: 831, ms: 12, ok: true, state: 'ok' },
    ],
  }
  const line = '{"level":50,"error":"e-1a2b3c4d","msg":"the model did not answer"}'
  const telemetry = {
    openTurns: async () => [],
    recentTurns: async () => [turn],
    recentErrors: async () => [{ id: 'e-1a2b3c4d', at: 1900, conversation: 'telegram:7', lines: [line] }],
  }
  const notice = {
    worker: 'host-42-1a2b3c4d',
    model: 'm',
    tools: [],
    servers: [{ name: 'sqlite', state: 'active' as const, tools: 6 }],
  }
  const board = { ...house.rooms.board, read: async () => [notice] }
  const operator = createOperator({ ...house.rooms, telemetry, board })
  return { operator, visits: createVisits(redis), queue: jobs.queue, isUp: () => true }
}

function reply({ messages, tools: offered = [] }: WireBody) {
  const last = messages.at(-1)
  const calls = (name: string) => ({ calls: [{ name, input: {} }], usage: { input: 4, output: 1 } })
  if (last?.role === 'tool') return { text: 'There is one table: `rooms`.', usage: { input: 5, output: 2 } }
  if (String(last?.content).includes('weather')) return calls('get_weather')
  return offered.length > 0 && /tables|表/.test(String(last?.content)) ? calls('list_tables') : { text: 'Hello.' }
}

interface Example {
  title: string
  command: string
  kind?: string
  output?: string
}

function examplesIn(markdown: string): Example[] {
  const found = markdown.matchAll(/^```(?:sh)?\n(curl [^\n]*)\n```\n(?:\n```(json|text)\n([\s\S]*?)\n```\n)?/gm)
  return [...found].map(([, command = '', kind, output]) => {
    const title = command.replace(/^curl -sN? localhost:8000/, '').slice(0, 100)
    return { title, command, ...(kind !== undefined && output !== undefined && { kind, output }) }
  })
}

/** As a shell would run it. */
function run(command: string): Promise<Response> {
  const path = /localhost:8000(\S+)/.exec(command)?.[1] ?? ''
  const body = / -d '([^']*)'/.exec(command)?.[1]
  const headers = [...command.matchAll(/ -H (?:'([^']*)'|"([^"]*)")/g)].map(([, plain, filled = '']) => {
    const [name = '', value = ''] = (plain ?? filled.replace('$KEY', key)).split(': ')
    return [name, value] as [string, string]
  })
  return fetch(url + path, body === undefined ? { headers } : { method: 'POST', body, headers })
}

const examples = examplesIn(page)
test('the page has its examples', () => {
  expect(examples).toHaveLength(page.match(/^curl /gm)?.length ?? 0)
  expect(examples.every(({ output }) => output !== undefined)).toBe(true)
})

test.each(examples)('$title answers as the page says', async ({ command, kind, output = '' }) => {
  const response = await run(command)
  if (kind === 'json') expect(await response.json()).toEqual(pattern(readPattern(output)))
  else expectInOrder(await response.text(), output.split('\n'))
})

test.each(['README.md', 'README.zh-CN.md'])('the example of %s is answered', async file => {
  const [example] = examplesIn(read(file)).filter(({ command }) => command.includes('localhost:8000/chat '))
  expect(await (await run(example?.command ?? '')).json()).toMatchObject({ response: 'There is one table: `rooms`.' })
})

describe('/openapi.json', () => {
  interface Operation {
    operationId: string
    summary: string
    requestBody?: { content: { 'application/json': { schema: object } } }
    responses: Record<string, { description: string; content: object }>
    parameters?: { name: string; in: string; required: boolean }[]
  }
  interface Document {
    openapi: string
    paths: Record<string, Record<string, Operation>>
    components: { schemas: Record<string, object> }
  }
  const document = async () => (await (await fetch(`${url}/openapi.json`)).json()) as Document
  const listed = async () => {
    const { endpoints } = (await (await fetch(url)).json()) as { endpoints: { method: string; path: string }[] }
    return endpoints.map(({ method, path }) => `${method} ${path}`)
  }

  test('has every route, and so has the page', async () => {
    const { paths } = await document()
    const inDocument = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    expect(inDocument.toSorted()).toEqual((await listed()).toSorted())
    const rows = [...page.matchAll(/^\| (GET|POST|DELETE) \| `([^`]+)`/gm)].map(([, method, path]) => `${method} ${path}`)
    expect(rows.toSorted()).toEqual((await listed()).toSorted())
  })

  test('says of each what it reads and what it gives', async () => {
    const { openapi, paths, components } = await document()
    expect(openapi).toBe('3.1.0')
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    )
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { path, method, summary, requestBody, responses, parameters = [] } of operations) {
      expect(summary.length, path).toBeGreaterThan(5)
      expect(Object.keys(responses), path).toEqual(['2XX', 'default'])
      expect(
        parameters.map(({ name }) => `{${name}}`),
        path,
      ).toEqual(path.match(/\{\w+\}/g) ?? [])
      expect(requestBody !== undefined, path).toBe(method === 'post' && !path.endsWith('/test'))
      if (requestBody) expect(requestBody.content['application/json'].schema, path).toMatchObject({ type: 'object' })
    }
    const refs = JSON.stringify(paths).match(/#\/components\/schemas\/(\w+)/g) ?? []
    for (const ref of new Set(refs)) expect(components.schemas).toHaveProperty(ref.split('/').at(-1) ?? '')
  })

  test('requires what the server requires', async () => {
    const { paths } = await document()
    for (const [path, methods] of Object.entries(paths)) {
      const schema = methods['post']?.requestBody?.content['application/json'].schema as { required?: string[] } | undefined
      if (!schema?.required) continue
      const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
      expect(response.status, path).toBe(400)
      const { error } = (await response.json()) as { error: { message: string } }
      expect(
        schema.required.some(name => error.message.includes(name)),
        `${path}: ${error.message}`,
      ).toBe(true)
    }
  })
})
