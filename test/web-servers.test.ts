import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { loadConfig, rereadServers } from '../src/config/config.ts'
import { openOwn } from '../src/mcp/own.ts'
import { createServerDesk } from '../src/server-desk.ts'
import { testRooms } from './rooms.ts'
import { errorOf, house } from './web.house.ts'
import { startTokenWeb, type TokenWeb } from './wire/mcp/by-token.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
let notes: TokenWeb
let folder: string
beforeAll(async () => {
  rooms = await testRooms()
  notes = await startTokenWeb()
  folder = mkdtempSync(join(tmpdir(), 'bellhop-servers-'))
})
afterEach(() => rooms.redis.flushall())
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await Promise.all([notes.close(), rooms.close()])
})

/** A web door with a desk for servers; a client for each of two keys. */
async function open(env: Record<string, string> = { SECRET_KEY: 'k'.repeat(32), ALLOW_PRIVATE_HOSTS: '127.0.0.1' }) {
  const config = loadConfig(folder, env)
  const own = openOwn(config, rooms.redis)
  onTestFinished(() => own.guard.close())
  const servers = createServerDesk({ own, news: rooms.news, houseServers: () => rereadServers(config) }, 'web')
  const { url } = await house({ servers, apiKeys: ['key-one', 'key-two'] })
  return (key: string, method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    return fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  }
}
const ownOf = async (response: Response) => ((await response.json()) as { own: { name: string; url: string }[] }).own
const mine = () => ({ name: 'Notes', url: notes.url, headers: { Authorization: 'Bearer top-secret' } })

test('a server of a key is added, tested and taken away by that key alone', async () => {
  const ask = await open()
  expect((await ask('key-one', 'POST', '/api/servers', mine())).status).toBe(201)
  expect((await ask('key-one', 'POST', '/api/servers', mine())).status).toBe(409)
  expect(await ownOf(await ask('key-one', 'GET', '/api/servers'))).toEqual([{ name: 'Notes', url: notes.url }])
  expect(await ownOf(await ask('key-two', 'GET', '/api/servers'))).toEqual([])
  expect(await (await ask('key-one', 'POST', '/api/servers/Notes/test')).json()).toMatchObject({
    ok: true,
    tools: expect.any(Array),
  })
  expect((await ask('key-two', 'POST', '/api/servers/Notes/test')).status).toBe(404)
  expect((await ask('key-two', 'DELETE', '/api/servers/Notes')).status).toBe(404)
  expect((await ask('key-one', 'DELETE', '/api/servers/Notes')).status).toBe(200)
  expect(await ownOf(await ask('key-one', 'GET', '/api/servers'))).toEqual([])
})

test.each<[string, object, RegExp]>([
  ['an address inside', { name: 'Notes', url: 'https://10.0.0.7/mcp' }, /inside a network/],
  ['an address that is none', { name: 'Notes', url: 'notes' }, /^"url"/],
  ['a name with a space', { name: 'a b', url: 'https://notes.example' }, /^"name"/],
  ['a header in a header', { ...{ name: 'N', url: 'https://notes.example' }, headers: { A: 'x Host: y' } }, /^"headers.A"/],
])('%s is refused in one sentence', async (_what, body, sentence) => {
  const ask = await open()
  const refused = await ask('key-one', 'POST', '/api/servers', body)
  expect(refused.status).toBe(400)
  expect((await errorOf(refused)).message).toMatch(sentence)
})

test('nobody brings any where the operator has set no key to seal what is secret of them', async () => {
  const ask = await open({})
  const refused = await ask('key-one', 'POST', '/api/servers', mine())
  expect(refused.status).toBe(403)
  expect((await errorOf(refused)).message).toContain('SECRET_KEY')
})
