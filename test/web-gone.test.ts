import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { apiHouse } from './api.house.ts'
import { closeAll, raw, start } from './wire/mcp/start.ts'

let house: Awaited<ReturnType<typeof apiHouse>>
beforeAll(async () => {
  house = await apiHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

const messages = [{ role: 'user', content: 'hang' }]

test.each([
  ['/v1/chat/completions', { model: 'bellhop', messages, stream: true }],
  ['/v1/chat/completions', { model: 'bellhop', messages }],
  ['/agent', { task: 'hang' }],
])('who closes the connection of %s %j cancels the call on the wire of its server, and leaves nothing', async (path, body) => {
  onTestFinished(closeAll)
  const ledger = join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'heard')
  writeFileSync(ledger, '')
  const heard = () => readFileSync(ledger, 'utf8')
  const server = raw('', { permissions: { '*': 'allow' } }, { LEDGER: ledger })
  const { url, post } = await house.open({ toolbox: await start(server), web: { atOnce: 1 } })
  house.wire.script(({ messages }) =>
    messages.at(-1)?.content === 'hang' ? { calls: [{ name: 'raw__hang', input: {} }] } : { text: 'Hello.' },
  )
  const leaving = new AbortController()
  const headers = { 'content-type': 'application/json' }
  const asked = fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal: leaving.signal })
  const gone = asked.then(response => response.text()).catch(() => 'gone')
  await expect.poll(heard).toContain('tools/call')
  expect((await post(path, body)).status).toBe(429) // his place is taken, as long as he is there
  expect(heard()).not.toContain('notifications/cancelled')
  leaving.abort()
  expect(await gone).toBe('gone')
  await expect.poll(heard).toContain('notifications/cancelled')
  await expect.poll(() => house.rooms.inbox.unfinished(0)).toEqual([])
  expect(house.wire.requests).toHaveLength(1)
  expect((await post('/chat', { message: 'hi' })).status).toBe(200)
})
