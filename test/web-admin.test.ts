// The operator's page: who may come in and see, for how long, and what is told there.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import * as shapes from '../adapters/web/admin-shapes.ts'
import type { WebOptions } from '../adapters/web/web.ts'
import { createKeys } from '../src/keys.ts'
import { silentLog } from '../src/log.ts'
import { createOperator } from '../src/operator.ts'
import { createTelemetry, type Telemetry } from '../src/telemetry/telemetry.ts'
import { createVisits } from '../src/visits.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { errorOf, house, silence } from './web.house.ts'
import { testWorkers } from './workers.ts'

const { rooms, work, ask, clear, close } = await testWorkers()
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer()
  await clear()
})
afterAll(close)

const as = (key: string) => ({ authorization: `Bearer ${key}` })
const openKeys = () => createKeys(rooms.redis, { log: silentLog, lookEveryMs: 20 })
const addKey = async (name: string, admin: boolean, again = false) => (await openKeys().add(name, { admin, again })) ?? ''

function openTelemetry(): Telemetry {
  const { house, inbox, jobs } = rooms
  const telemetry = createTelemetry({ house, inbox, jobs, config: { role: 'worker' }, log: silentLog, beatMs: 50 })
  closers.push(telemetry.close)
  return telemetry
}

interface Change {
  web?: Partial<WebOptions>
  lifeMs?: number
  isUp?: () => boolean
}

/** A door with the page of operators, the keys of an admin (`boss`) and of a member (`clerk`), and whoever asks there. */
async function open({ web = {}, lifeMs, isUp = () => true }: Change = {}) {
  const [boss, clerk] = [await addKey('boss', true), await addKey('clerk', false)]
  const telemetry = openTelemetry()
  const operator = createOperator({ ...rooms, telemetry })
  const admin = { operator, visits: createVisits(rooms.redis, lifeMs), queue: rooms.jobs.queue, isUp }
  const { url, post } = await house({ madeKeys: openKeys(), admin, ...web }, silence)
  const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers, redirect: 'manual' })
  const signIn = (key: string, headers: Record<string, string> = {}) => post('/admin/session', { key }, headers)
  const cookieOf = async (key: string) => ({ cookie: cookieIn(await signIn(key)) })
  const leave = (headers: Record<string, string>) => fetch(`${url}/admin/session`, { method: 'DELETE', headers })
  return { url, post, get, signIn, cookieOf, leave, boss, clerk, telemetry }
}

const cookieIn = (response: Response) => response.headers.get('set-cookie')?.split(';')[0] ?? ''
const routes = ['status', 'turns', 'turns/none', 'errors', 'servers', 'budgets'].map(name => `/admin/api/${name}`)
const boards = ['', '/', '/queue/mail', '/api/queues', '/static/js/none.js'].map(path => `/admin/queue${path}`)

describe('who may see what is below /admin', () => {
  const named = [
    { name: 'ada', key: 'ada-key' },
    { name: 'eve', key: 'eve-key' },
  ]
  test.each([
    ['on loopback, where nobody else needs a key', []],
    ['where everybody needs one', named],
  ])('%s', async (_, apiKeys) => {
    const { get, cookieOf, boss, clerk } = await open({ web: { apiKeys, admins: ['web:ada', 'web:local'] } })
    const visit = await cookieOf(boss)
    const callers: [string, Record<string, string>, number][] = [
      ['nobody', {}, 401],
      ['with a key that nobody has', as('guess'), 401],
      ['with a cookie that nobody has', { cookie: 'bellhop-admin=guess' }, 401],
      ['a member', as(clerk), 403],
      ['a member with the cookie of an admin', { ...visit, ...as(clerk) }, 403],
      ['an admin', as(boss), 200],
      ['an admin by his cookie', visit, 200],
    ]
    if (apiKeys.length > 0) callers.push(['a member of the settings', as('eve-key'), 403], ['one of ADMINS', as('ada-key'), 200])
    for (const [who, headers, status] of callers) {
      const told = await Promise.all([...routes, ...boards].map(async path => [path, (await get(path, headers)).status]))
      const wanted = [...routes, ...boards].map(path => [path, status === 200 ? seen(path) : status])
      expect(told, who).toEqual(wanted)
    }
  })
  const seen = (path: string) => (path.endsWith('/none') || path.endsWith('none.js') ? 404 : path.endsWith('queue/') ? 302 : 200)

  test('its cookie opens no other door', async () => {
    const { get, post, cookieOf, boss } = await open({ web: { apiKeys: ['bare-key'] } })
    const visit = await cookieOf(boss)
    expect([(await get('/api/tools', visit)).status, (await get('/metrics', visit)).status]).toEqual([401, 401])
    expect((await post('/chat', { message: 'hi' }, visit)).status).toBe(401)
    expect(await (await get('/health', visit)).json()).not.toHaveProperty('servers')
  })

  test('the page itself is open, and tells who has no key yet how to make one', async () => {
    const { get } = await open({ web: { apiKeys: ['bare-key'] } })
    const page = await get('/admin')
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('npm run keys -- add ada --admin')
    expect((await get('/admin/')).headers.get('location')).toBe('/admin')
    expect(page.headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'")
  })

  test('where there is no such page nothing is there', async () => {
    const { url } = await house()
    expect([(await fetch(`${url}/admin`)).status, (await fetch(`${url}/admin/api/turns`)).status]).toEqual([404, 404])
  })
})

describe('coming in', () => {
  test('gives a cookie that no script reads, no other site sends, and nobody keeps for long', async () => {
    const { signIn, boss } = await open()
    const facts = (await signIn(boss)).headers.get('set-cookie')?.split('; ').slice(1)
    expect(facts?.toSorted()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/admin', 'SameSite=Strict'])
  })

  test.each([
    ['a proxy says so', { 'x-forwarded-proto': 'https' }],
    ['the browser says so', { origin: 'https://bot.example.org', 'sec-fetch-site': 'same-origin' }],
  ])('the cookie goes over TLS alone where %s', async (_, headers) => {
    const { signIn, boss } = await open({ web: { apiKeys: ['bare-key'] } })
    expect((await signIn(boss, headers)).headers.get('set-cookie')).toContain('; Secure')
  })

  test('needs a key of an admin', async () => {
    const { signIn, post, clerk } = await open()
    const tries = [signIn('guess'), signIn(clerk), signIn(''), post('/admin/session', {}), post('/admin/session', 'no')]
    const answers = await Promise.all(tries)
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 400, 400, 400])
    expect(answers.map(({ headers }) => headers.get('set-cookie'))).toEqual(answers.map(() => null))
  })

  test('is refused for a while where somebody guesses, and the header goes on opening', async () => {
    const { get, signIn, cookieOf, boss } = await open()
    const visit = await cookieOf(boss)
    const guess = async () => Promise.all(Array.from({ length: 50 }, async () => (await signIn('guess')).status))
    const statuses = await guess()
    if (!statuses.includes(429)) statuses.push(...(await guess())) // a minute has just begun
    expect([...new Set(statuses)].toSorted()).toEqual([401, 429])
    expect(statuses.filter(status => status === 401).length).toBeLessThanOrEqual(40)
    for (const headers of [visit, as(boss)]) expect((await get('/admin/api/status', headers)).status).toBe(200)
  })

  test('with the right key is not counted', async () => {
    const { signIn, boss } = await open()
    for (let n = 0; n < 50; n++) expect((await signIn(boss)).status).toBe(200)
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a neighbour on another port', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' }],
    ['a browser of old', { origin: 'http://127.0.0.1:1' }],
    ['a page in a sandbox', { origin: 'null' }],
  ])('and leaving too are refused to %s', async (_, headers) => {
    const { get, signIn, leave, cookieOf, boss } = await open({ web: { apiKeys: ['bare-key'] } })
    const visit = await cookieOf(boss)
    const refused = await signIn(boss, headers)
    expect([refused.status, refused.headers.get('set-cookie')]).toEqual([403, null])
    expect((await leave({ ...visit, ...headers })).status).toBe(403)
    expect((await get('/admin/api/status', visit)).status).toBe(200)
  })

  test('leaves in Redis nothing by which anybody else could come in', async () => {
    const { cookieOf, boss } = await open()
    const { cookie } = await cookieOf(boss)
    const keys = await rooms.redis.keys('bellhop:visits:*')
    expect(keys).toHaveLength(1)
    const hash = (await openKeysHash('boss')) ?? 'none'
    const kept = `${keys} ${await rooms.redis.get(keys[0] ?? '')}`
    for (const secret of [cookie.split('=')[1] ?? '', boss, hash]) expect(kept).not.toContain(secret)
  })
  const openKeysHash = async (name: string) =>
    (JSON.parse((await rooms.redis.hget('bellhop:keys', name)) ?? '{}') as { hash?: string }).hash
})

describe('a visit ends', () => {
  const status = (at: Awaited<ReturnType<typeof open>>, visit: Record<string, string>) => async () =>
    (await at.get('/admin/api/status', visit)).status

  test('when the admin leaves, and no other does', async () => {
    const at = await open()
    const [visit, other] = [await at.cookieOf(at.boss), await at.cookieOf(at.boss)]
    const left = await at.leave(visit)
    expect(left.headers.get('set-cookie')).toMatch(/^bellhop-admin=; Max-Age=0; Path=\/admin/)
    expect([await status(at, visit)(), await status(at, other)()]).toEqual([401, 200])
  })

  test('within seconds of the end of its key', async () => {
    const at = await open()
    const visit = await at.cookieOf(at.boss)
    expect(await status(at, visit)()).toBe(200)
    await openKeys().revoke('boss')
    await expect.poll(status(at, visit)).toBe(401)
  })

  test('and with another key of the same name it does not go on', async () => {
    const at = await open()
    const visit = await at.cookieOf(at.boss)
    const another = await addKey('boss', true, true)
    await expect.poll(status(at, as(another))).toBe(200)
    expect(await status(at, visit)()).toBe(401)
  })

  test('when its time is up', async () => {
    const at = await open({ lifeMs: 1500 })
    const visit = await at.cookieOf(at.boss)
    expect(await status(at, visit)()).toBe(200)
    await expect.poll(status(at, visit), { timeout: 10_000 }).toBe(401)
  })
})

describe('what is told', () => {
  const answers = {
    status: shapes.statusAnswer,
    turns: shapes.turnsAnswer,
    errors: shapes.errorsAnswer,
    servers: shapes.serversAnswer,
    budgets: shapes.budgetsAnswer,
  }
  const hostile = '</script><img src=x onerror="alert(1)">'

  test('has the shape that /openapi.json tells, word for word and hostile or not', async () => {
    const { get, boss, telemetry } = await open()
    const tools = fakeToolbox({ clock: () => ({ ok: true, text: 'noon' }), weather: () => ({ ok: false, text: 'none' }) })
    const model = scriptedModel([call('clock'), call('weather')], [say('It is noon.')])
    await work(fakeChat(), model, tools, silentLog, { telemetry, modelName: hostile })
    const message = aMessage('what time?')
    await ask(message)
    await expect.poll(async () => (await telemetry.recentTurns(5)).length).toBe(1)
    await rooms.board.post({
      ...{ worker: 'w-1', model: 'm-1', tools: [] },
      servers: [{ name: 'sqlite', state: 'error', tools: 0, error: hostile, instructions: 'use it well' }],
      metrics: [{ server: 'sqlite', tool: 'read', calls: 3, ok: 2, failed: 1, meanMs: 4, p95Ms: 9 }],
    })
    const line = JSON.stringify({ level: 50, msg: hostile })
    await rooms.redis.lpush('bellhop:{telemetry}:errors', JSON.stringify({ id: 'e-1a2b3c4d', at: 1, lines: [line] }))
    const told = async (name: string) => {
      const response = await get(`/admin/api/${name}`, as(boss))
      expect(response.headers.get('content-type')).toBe('application/json')
      return (await response.json()) as object
    }
    for (const [name, shape] of Object.entries(answers)) {
      const answer = await told(name)
      expect(shape.parse({ ...answer, now: 0 }), name).toEqual({ ...answer, ...('now' in answer && { now: 0 }) }) // no more than it says
    }
    const { open: running, recent } = shapes.turnsAnswer.parse(await told('turns'))
    expect(running).toEqual([])
    expect(recent).toMatchObject([{ id: message.id, how: 'answered', model: hostile, steps: 2, tools: 2, failed: 1 }])
    expect(recent[0]).not.toHaveProperty('spans')
    const { attempts } = shapes.turnAnswer.parse(await told(`turns/${encodeURIComponent(message.id)}`))
    const spans = attempts[0]?.spans.map(({ what, name, ok }) => [what, name, ok]).filter(([what]) => what === 'tool')
    expect(spans).toEqual([
      ['tool', 'clock', true],
      ['tool', 'weather', false],
    ])
    expect(await told('errors')).toEqual({ errors: [{ id: 'e-1a2b3c4d', at: 1, lines: [line] }] })
    expect(await told('servers')).toMatchObject({
      workers: [{ worker: 'w-1', servers: [{ error: hostile }], tools: [{ calls: 3 }] }],
    })
    expect(await told('status')).toMatchObject({
      jobs: { waiting: 0 },
      conversations: 0,
      workers: [{ worker: 'w-1', model: 'm-1' }],
    })
  })

  test('of a turn is every attempt that is known, the oldest first, with one whose worker is dead', async () => {
    const { get, boss, telemetry } = await open()
    const report = { ...aReport('web:a/b?c'), spans: [] }
    telemetry.ended({ ...report, how: 'broken', endedAt: 20, beganAt: 10 }, false)
    telemetry.ended(aReport('other'), false)
    telemetry.open({ ...report, beganAt: Date.now(), again: true, worker: 'gone' })
    const path = `/admin/api/turns/${encodeURIComponent('web:a/b?c')}`
    const told = async () => ((await (await get(path, as(boss))).json()) as { attempts: object[] }).attempts
    await expect.poll(told).toMatchObject([{ how: 'broken' }, { isDead: true, worker: 'gone', again: true }])
  })

  test('is nothing while Redis is away, and a cookie ends nothing by that', async () => {
    let up = true
    const { get, cookieOf, boss } = await open({ isUp: () => up })
    const visit = await cookieOf(boss)
    up = false
    for (const headers of [visit, as(boss)]) {
      const answer = await get('/admin/api/turns', headers)
      expect([answer.status, (await errorOf(answer)).code]).toEqual([503, 'unavailable'])
    }
    up = true
    expect((await get('/admin/api/turns', visit)).status).toBe(200)
  })
})

test('nothing of the page makes elements out of text', () => {
  const folder = join(import.meta.dirname, '../adapters/web/page')
  const files = readdirSync(folder).filter(file => /^admin.*\.js$/.test(file))
  expect(files.length).toBeGreaterThan(3)
  for (const file of files) {
    expect(readFileSync(join(folder, file), 'utf8'), file).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b/,
    )
  }
})

test('the page says everything in both languages', () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../adapters/web/page', file), 'utf8')
  const keysIn = (code = '') => [...code.matchAll(/^ {2}(?:'([^']+)'|(\w+)): /gm)].map(([, quoted, bare]) => quoted ?? bare)
  const [english, chinese] = read('admin-words.js').split('const chinese = {')
  expect(keysIn(chinese?.split('\n}')[0])).toEqual(keysIn(english))
  const shared = keysIn(read('words.js').split('\n}')[0])
  const words = [...read('admin.html').matchAll(/data-(?:word|label)="(\w+)"/g)].map(([, word]) => word)
  expect(words.filter(word => !keysIn(english).includes(word) && !shared.includes(word))).toEqual([])
  const code = readdirSync(join(import.meta.dirname, '../adapters/web/page')).filter(file => /^admin.*\.js$/.test(file))
  const said = code.flatMap(file => [...read(file).matchAll(/\bsay\('(\w+)'/g)].map(([, word]) => word))
  expect(said.filter(word => !keysIn(english).includes(word) && !shared.includes(word))).toEqual([])
})

describe('the queue', () => {
  test('is shown with what waits, by a page that loads nothing from elsewhere', async () => {
    const { get, boss } = await open()
    await rooms.jobs.ring('fake:7')
    const page = await get('/admin/queue', as(boss))
    const html = await page.text()
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(html).toContain('<base href="/admin/queue/"')
    expect(html).not.toMatch(/(href|src)="(https?:)?\/\//)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    const script = await get(`/admin/queue/${/src="(static\/js\/[^"]+)"/.exec(html)?.[1]}`, as(boss))
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    const told = async () => JSON.stringify(await (await get('/admin/queue/api/queues?activeQueue=mail', as(boss))).json())
    expect(await told()).toContain('"name":"mail"')
    await expect.poll(told).toContain('fake:7')
    expect((await get('/admin/api/status', as(boss))).headers.get('content-security-policy')).not.toContain('unsafe-inline')
  })

  test('cannot be changed there', async () => {
    const { url, boss } = await open()
    const writes: [string, string][] = [
      ['PUT', '/queues/pause'],
      ['PUT', '/queues/mail/pause'],
      ['PUT', '/queues/mail/obliterate'],
      ['POST', '/queues/mail/add'],
    ]
    for (const [method, path] of writes) {
      const answer = await fetch(`${url}/admin/queue/api${path}`, { method, headers: as(boss) })
      expect(answer.status, path).toBe(404)
    }
    expect(await rooms.jobs.queue.isPaused()).toBe(false)
  })
})

function aReport(id: string) {
  const at = Date.now()
  return {
    ...{ id, conversation: 'fake:1', platform: 'fake', kind: 'chat' as const, worker: 'w', author: 'u', sentAt: at, beganAt: at },
    ...{ endedAt: at, how: 'answered' as const, again: false, tokens: { input: 0, output: 0 }, edits: 1, limited: 0, spans: [] },
  }
}
