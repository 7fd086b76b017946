import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Config, loadConfig, rereadServers } from '../src/config/config.ts'
import { silentLog } from '../src/log.ts'
import { openOwn } from '../src/mcp/own.ts'
import { createReceive } from '../src/receive.ts'
import { type Shift, startShift } from '../src/shift.ts'
import { aMessage, fakeChat } from './fakes.ts'
import { dataFolder, startProcess } from './processes.ts'
import { testRooms } from './rooms.ts'
import { startV1Web, type V1Web } from './wire/mcp/v1-web.ts'
import { startOAuthWire } from './wire/oauth.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
let web: V1Web
let folder: string
let shift: Shift
let config: Config
let warned: string[]
beforeAll(async () => {
  rooms = await testRooms()
  web = await startV1Web('http')
})
beforeEach(async () => {
  warned = []
  folder = mkdtempSync(join(tmpdir(), 'bellhop-reload-'))
  write(JSON.stringify({ mcpServers: { notes: { url: web.url } } }))
  const log = { ...silentLog, warn: (facts: object) => void warned.push(JSON.stringify(facts)) }
  const adapters = new Map([['fake', fakeChat().adapter]])
  config = loadConfig(folder, {})
  shift = await startShift({ ...rooms, config, adapters, log })
  await shift.toolsReady
})
afterEach(async () => {
  await shift.close()
  await rooms.redis.flushall()
  rmSync(folder, { recursive: true, force: true })
})
afterAll(async () => {
  await web.close()
  await rooms.close()
})

const write = (text: string) => writeFileSync(join(folder, 'servers.config.json'), text)
const list = (entries: object) => write(JSON.stringify({ mcpServers: entries }))
/** Of connections to the first server that were begun. */
const connects = () =>
  web.heard.filter(({ method, url, headers }) => method === 'POST' && url === '/mcp' && !headers['mcp-session-id']).length

async function say(text: string, author = 'u'): Promise<string> {
  const chat = fakeChat()
  const desk = { own: openOwn(config, rooms.redis), news: rooms.news, houseServers: () => rereadServers(config) }
  const base = { ...rooms, desk, isUp: () => true, admins: ['fake:boss'], locale: 'en', log: silentLog }
  await createReceive(chat.adapter, { ...base, closing: new AbortController().signal })(
    aMessage(text, { author: { id: author, name: 'Ann' } }),
  )
  await expect.poll(() => chat.calls.length).toBeGreaterThan(0)
  return chat.calls.map(({ out }) => out.text).join('\n')
}
const toolsSaid = () => expect.poll(() => say('/tools'), { timeout: 10_000 })

test('what is added to the list is there without a restart, and the others are not connected anew', async () => {
  await toolsSaid().toContain('**notes** · up')
  const before = connects()
  list({ notes: { url: web.url }, more: { url: `${web.url}?more` } })
  await toolsSaid().toContain('**more** · up')
  expect(await say('/tools')).toContain('**notes** · up')
  expect(connects()).toBe(before)
})

test('what is taken out is gone, and what is switched off is shown as that', async () => {
  await toolsSaid().toContain('**notes** · up')
  list({ notes: { url: web.url, disabled: true }, other: { url: web.url } })
  await toolsSaid().toContain('**notes** · switched off')
  list({ other: { url: web.url } })
  await toolsSaid().not.toContain('notes')
  await toolsSaid().toContain('**other** · up')
})

test('a list that cannot be read changes nothing', async () => {
  await toolsSaid().toContain('**notes** · up')
  write('{"mcpServers": {')
  await expect.poll(() => warned.join()).toContain('is not JSON')
  expect(await say('/tools')).toContain('**notes** · up')
  list({ renamed: { url: web.url } })
  await toolsSaid().toContain('**renamed** · up')
})

test('/servers reload is for admins, and says what is wrong with the list', async () => {
  await toolsSaid().toContain('**notes** · up')
  expect(await say('/servers reload')).toBe('Only an admin can do this.')
  const boss = (text: string) => say(text, 'boss')
  expect(await boss('/servers')).toContain('Write `/servers reload`')
  list({ notes: { url: web.url }, typo: { comand: 'x' } })
  expect(await boss('/servers reload')).toMatch(/again: 1 servers.*\n- ⚠️ servers\.config\.json: mcpServers\.typo/)
  await toolsSaid().toContain('**typo** · switched off')
  write('{')
  expect(await boss('/servers reload')).toMatch(/cannot be read, and stays as it was: servers\.config\.json is not JSON/)
})

test('a server of the house that wants a sign-in is shown with the remedy', async () => {
  const guarded = await startOAuthWire()
  onTestFinished(() => guarded.close())
  list({ drive: { url: guarded.url } })
  await toolsSaid().toMatch(/\*\*drive\*\* · needs a sign-in · .* · an admin signs in with `\/mcp login drive`/)
})

test('a house in a process of its own follows the file, and shows browsers that come back a page', async () => {
  const data = dataFolder()
  const env = {
    DATA_DIR: data.path,
    LOG_LEVEL: 'warn',
    SERVERS_CONFIG: join(folder, 'servers.config.json'),
    SECRET_KEY: 'k'.repeat(32),
  }
  const house = startProcess(env)
  onTestFinished(async () => {
    await house.end()
    data.remove()
  })
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await house.says(/Servers\s/))?.[0] ?? ''
  const headers = { 'content-type': 'application/json' }
  const ask = async (message: string) =>
    (await fetch(`${url}/chat`, { method: 'POST', headers, body: JSON.stringify({ message }) })).text()
  await expect.poll(() => ask('/tools'), { timeout: 15_000 }).toContain('**notes** · up')
  list({ renamed: { url: web.url } })
  await expect.poll(() => ask('/tools'), { timeout: 15_000 }).toContain('**renamed** · up')
  expect(await ask('/mcp')).toContain('no servers of your own')
  const page = await fetch(`${url}/oauth/callback?code=x&state=y`)
  expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('This sign-in is over')])
}, 60_000)
