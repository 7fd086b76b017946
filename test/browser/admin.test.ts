// The operator's page: in the real house, and with all that may stand on it at once.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AdminOptions } from '../../adapters/web/admin.ts'
import type { Attempt, Operator } from '../../adapters/web/admin-shapes.ts'
import { dataFolder, type HouseProcess, startProcess } from '../processes.ts'
import { house } from '../web.house.ts'
import { type OpenAiWire, startOpenAiWire } from '../wire/openai.ts'
import { openBrowser, shoot } from './visit.ts'

const root = join(import.meta.dirname, '../..')
const visit = openBrowser()
const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const data = dataFolder()
let openai: OpenAiWire
let real: HouseProcess
let url: string

beforeAll(async () => {
  openai = await startOpenAiWire()
  real = startProcess({
    DATA_DIR: data.path,
    DB_PATH: join(data.path, 'sample.db'),
    LOG_LEVEL: 'warn',
    OPENAI_BASE_URL: openai.url,
    SERVERS_CONFIG: join(root, 'test/demo.servers.json'),
    HTTP_API_KEYS: 'boss:boss-key,eve:eve-key',
    ADMINS: 'web:boss',
    ALL_PER_DAY: '10 turns',
  })
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(await real.says(/Servers\s/))?.[0] ?? ''
})
afterAll(async () => {
  await real.end()
  await openai.close()
  data.remove()
})

const said = async (message: string) => {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer eve-key' }
  const answer = await fetch(`${url}/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ message, session_id: 'my-session' }),
  })
  return answer.text()
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Key', { exact: true }).fill(key)
  await page.keyboard.press('Enter')
}

test('an admin comes in, sees what a turn did, finds an error by its id, looks at the queue and leaves', async () => {
  const query = { name: 'sqlite__read_query', input: { query: 'SELECT count(*) FROM rooms' } }
  openai.script([{ calls: [{ name: 'sqlite__list_tables', input: {} }] }, { calls: [query] }, { text: 'There are 12 rooms.' }])
  expect(await said('How many rooms are there?')).toContain('12 rooms')
  openai.script(() => ({ trouble: 'status', status: 400, message: 'the wire is in a bad mood' }))
  const id = /e-\w{8}/.exec(await said('And now?'))?.[0] ?? 'none'
  const page = await visit(`${url}/admin`)
  await page.getByText('npm run keys -- add ada --admin').waitFor()
  await shoot(page, 'admin-1-sign-in')
  await signIn(page, 'eve-key')
  await page.getByText('the key of a member').waitFor()
  await signIn(page, 'boss-key')
  await page.getByText('0 under way, and 2 of the last 2 that ended').waitFor()
  const rows = page.locator('tr.turn')
  expect(await rows.last().locator('.how').innerText()).toBe('answered')
  await rows.last().getByRole('button').press('Enter')
  const timeline = page.locator('.timeline')
  await timeline.waitFor()
  const steps = await timeline.locator('tbody th').allInnerTexts()
  expect(steps.filter(step => step.startsWith('tool'))).toEqual(['tool sqlite · list_tables', 'tool sqlite · read_query'])
  expect(steps.filter(step => step.startsWith('model'))).toHaveLength(3)
  expect(steps[0]).toBe('wait')
  await shoot(page, 'admin-2-timeline')

  await rows.first().getByRole('button').click()
  await page.getByRole('link', { name: id }).click()
  await page.locator('details.error[open]').getByText(id).first().waitFor()
  expect(await page.getByLabel('Id that somebody was told').inputValue()).toBe(id)
  expect(await page.locator('details.error .log li').count()).toBeGreaterThan(0)
  await shoot(page, 'admin-3-error')
  await page.getByLabel('Id that somebody was told').fill('e-00000000')
  await page.getByText('Of “e-00000000” nothing is kept').waitFor()

  await page.getByRole('link', { name: 'Servers', exact: true }).click()
  await page.locator('#server-rows tr').nth(1).waitFor()
  await page.locator('#call-rows').getByText('read_query').waitFor({ timeout: 20_000 })
  await shoot(page, 'admin-4-servers')
  await page.getByRole('link', { name: 'Budgets' }).click()
  await page.getByText('that is 20%').waitFor()
  await shoot(page, 'admin-5-budgets')

  await page.goto(`${url}/admin/queue`)
  await page.getByText('mail').first().waitFor()
  await page.goto(`${url}/admin/queue/queue/mail?status=active`)
  await page.getByText('Loading').waitFor({ state: 'hidden' })
  await page.getByText('mail').first().waitFor()
  await shoot(page, 'admin-6-queue')
  await page.goto(`${url}/admin`)
  await page.getByRole('button', { name: 'Leave' }).click()
  await page.getByLabel('Key', { exact: true }).waitFor()
  await page.reload()
  await page.getByLabel('Key', { exact: true }).waitFor()
  expect(await page.locator('#house').isVisible()).toBe(false)
})

const hostile = '<img src=x onerror="document.title=1"> <b>bold</b>'
const began = Date.now() - 60_000
const attempt = (id: string, more: Partial<Attempt> = {}): Attempt => ({
  ...{ id, conversation: `telegram:-100123:${id}`, platform: 'telegram', kind: 'chat', worker: 'host-7-1a2b3c4d', author: '7' },
  ...{
    sentAt: began - 400,
    keptAt: began - 300,
    beganAt: began,
    endedAt: began + 9000,
    again: false,
    how: 'answered',
    model: 'm-1',
  },
  ...{ tokens: { input: 2100, output: 320 }, firstPaintMs: 310, edits: 6, limited: 1 },
  spans: [
    { what: 'model', name: 'm-1', at: began + 5, ms: 2000, ok: true, state: 'ok' },
    { what: 'post', name: 'post', at: began + 10, ms: 120, ok: true },
    { what: 'tool', name: 'search', server: 'web', at: began + 2005, ms: 4100, ok: true, state: 'ok' },
    { what: 'tool', name: 'download', server: 'video', at: began + 2010, ms: 1200, ok: false, state: 'timeout' },
    { what: 'model', name: 'm-1', at: began + 6200, ms: 2700, ok: true, state: 'ok' },
  ],
  ...more,
})
const { endedAt: _, how: __, ...running } = attempt('open')
const [asks, ...others] = running.spans
const dead: Attempt = {
  ...running,
  id: 'dead',
  isDead: true,
  spans: [...(asks ? [asks] : []), { what: 'tool', name: 'search', server: 'web', at: began + 2005, ok: false }],
}
const turns = [
  attempt('slow', { platform: 'discord', conversation: hostile }),
  attempt('bad', { how: 'failed', errorId: 'e-1a2b3c4d', endedAt: began + 300 }),
  attempt('quick', { endedAt: began + 400 }),
]
const calls = (tool: string, ok: number, failed: number, meanMs: number) => ({
  ...{ server: 'web', tool, calls: ok + failed, ok, failed, meanMs, p95Ms: meanMs * 3 },
})

/** A house in which much goes on; `open` are the turns under way. */
async function busyHouse() {
  const open: Attempt[] = [{ ...running, spans: asks ? [asks, ...others.slice(0, 2)] : [] }, dead]
  const operator: Operator = {
    openTurns: async () => open,
    recentTurns: async () => turns,
    turn: async id => [...open, ...turns].filter(turn => turn.id === id),
    errors: async () => [
      {
        id: 'e-1a2b3c4d',
        at: began,
        conversation: hostile,
        lines: [JSON.stringify({ level: 50, time: began, msg: hostile, reason: hostile }), hostile],
      },
      { id: 'e-99999999', at: began, lines: [JSON.stringify({ level: 40, time: began, msg: 'slow' })] },
    ],
    servers: async () => [
      {
        worker: 'w-1',
        model: 'm-1',
        servers: [
          { name: 'web', state: 'active', tools: 3, connectMs: 240 },
          { name: 'video', state: 'error', tools: 0, error: hostile },
        ],
        tools: [calls('search', 40, 3, 900), calls('fetch', 12, 0, 300)],
      },
      {
        worker: 'w-2',
        model: 'm-1',
        servers: [{ name: 'web', state: 'degraded', tools: 3, note: 'one tool is called twice' }],
        tools: [calls('search', 5, 0, 500)],
      },
    ],
    budgets: async () => ({
      resetsAt: began,
      spent: { turns: 90, tokens: 12_345, seconds: 3.5 },
      limits: { house: { turns: 100 }, person: { turns: 20 }, place: {} },
    }),
    status: async () => ({ jobs: { waiting: 2, active: 1 }, conversations: 3, workers: [{ worker: 'w-1', model: 'm-1' }] }),
  }
  const kept = new Map<string, string>()
  const visits: AdminOptions['visits'] = {
    lifeMs: 60_000,
    async begin(key) {
      kept.set('one', key)
      return 'one'
    },
    find: async id => (kept.has(id) ? key => kept.get(id) === key : undefined),
    end: async id => void kept.delete(id),
  }
  const queue = {} as AdminOptions['queue'] // nobody looks at it here
  const apiKeys = [{ name: 'boss', key: 'boss-key' }]
  return { open, kept, ...(await house({ apiKeys, admins: ['web:boss'], admin: { operator, visits, queue, isUp: () => true } })) }
}

async function findings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axePath })
  const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return grave.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`))
}

const phone = { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true }
const looks: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { ...phone, colorScheme: 'dark', locale: 'zh-CN' }],
]
test.for(looks)('nothing in it shuts anybody out, %s', async ([name, options]) => {
  const at = await busyHouse()
  const page = await visit(`${at.url}/admin`, { ...options, bypassCSP: true })
  await page.locator('#key').waitFor()
  const isPhone = 'isMobile' in options
  if (!isPhone) expect(await findings(page)).toEqual([])
  await page.locator('#key').fill('boss-key')
  await page.keyboard.press('Enter')
  await page.locator('tr.turn').first().waitFor()
  for (const at of [0, 1, 2]) await page.locator('tr.turn .unfold').nth(at).click()
  await expect.poll(() => page.locator('.timeline').count()).toBe(3)
  for (const view of ['turns', 'errors', 'servers', 'budgets']) {
    await page.locator(`nav a[href="#${view}"]`).click()
    await page.locator(`#${view} :is(tbody tr, summary)`).first().waitFor()
    if (view === 'errors') await page.locator('summary').first().click()
    await page.screenshot({ path: join(root, `.artifacts/admin-${name}-${view}.png`), fullPage: true })
    if (!isPhone) expect(await findings(page), view).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), view).toBe(0)
  }
  expect([await page.title(), await page.locator('main b, main img').count()]).toEqual(['Bellhop: operator', 0])
})

test('what is open stays open while the page goes on telling, and a turn can be looked for', async () => {
  const at = await busyHouse()
  const page = await visit(`${at.url}/admin`)
  await signIn(page, 'boss-key')
  const dying = page.locator('tr.turn').nth(1)
  await dying.getByText('its worker is gone').waitFor()
  await dying.getByRole('button').press('Enter')
  await page.locator('.timeline .gone').waitFor()
  const hold = () => page.evaluate('window.held = document.activeElement')
  await hold()
  at.open.shift()
  await expect.poll(() => page.locator('tr.turn').count()).toBe(4)
  expect(await page.locator('.timeline').count()).toBe(1)
  expect(await page.evaluate('[held.isConnected, document.activeElement.className]')).toEqual([false, 'unfold']) // it has another time now
  await page.locator('tr.turn').last().getByRole('button').focus()
  await hold()
  at.open.shift()
  await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))') // as if the window came back
  await expect.poll(() => page.locator('tr.turn').count()).toBe(3)
  expect(await page.evaluate('[held.isConnected, held === document.activeElement]')).toEqual([true, true])
  await page.getByLabel('Took').selectOption({ label: 'more than 5s' })
  expect(await page.locator('tr.turn').count()).toBe(1)
  await page.getByLabel('Took').selectOption('any time')
  await page.getByLabel('Platform').selectOption('discord')
  expect(await page.locator('tr.turn').count()).toBe(1)
  await page.getByLabel('Platform').selectOption('all')
  await page.getByLabel('How').selectOption('failed')
  expect(await page.locator('tr.turn').count()).toBe(1)
  await page.getByRole('button', { name: 'Pause' }).click()
  const asked = () => page.evaluate('performance.getEntriesByType("resource").length')
  const before = await asked()
  await page.getByRole('button', { name: 'Go on' }).click()
  await expect.poll(asked).not.toBe(before)
})

test('what was told is gone from the page when the visit ends elsewhere, and it says so', async () => {
  const at = await busyHouse()
  const page = await visit(`${at.url}/admin#errors`)
  await signIn(page, 'boss-key')
  await page.locator('summary').first().waitFor()
  at.kept.clear()
  await page.getByText('Your time here has ended').waitFor({ timeout: 20_000 })
  expect(await page.content()).not.toMatch(/e-1a2b3c4d<|telegram:-100123/)
  await signIn(page, 'boss-key')
  await page.locator('summary').first().waitFor()
  await page.reload()
  await page.locator('summary').first().waitFor()
  expect(await page.content()).not.toContain('Your time here has ended')
})

test('while nobody looks at the page it asks nothing, and once somebody does it is up to date', async () => {
  const at = await busyHouse()
  const page = await visit(`${at.url}/admin`)
  await signIn(page, 'boss-key')
  await expect.poll(() => page.locator('tr.turn').count()).toBe(5)
  const look = (hidden: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
    )
  await page.clock.install()
  await page.reload()
  await expect.poll(() => page.locator('tr.turn').count()).toBe(5)
  let asked = 0
  page.on('request', () => asked++)
  const minute = () => page.clock.runFor(60_000)
  await minute()
  await expect.poll(() => asked).toBeGreaterThan(0)
  await look(true)
  await minute() // what was asked before has been answered
  const before = asked
  at.open.length = 0
  await minute()
  expect(asked).toBe(before)
  expect(await page.locator('tr.turn').count()).toBe(5)
  await look(false)
  await expect.poll(() => page.locator('tr.turn').count()).toBe(3)
})
