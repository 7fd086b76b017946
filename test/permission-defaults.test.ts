// What holds for the tools of real servers where no admin has said anything.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest'
import { isAdmin } from '../src/admins.ts'
import { loadConfig } from '../src/config/config.ts'
import { readServers, serverDefaults } from '../src/config/servers.ts'
import type { Owner } from '../src/toolbox.ts'
import { startTokenWeb } from './wire/mcp/by-token.ts'
import { closeAll, openHost } from './wire/mcp/start.ts'

afterEach(closeAll)

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'bellhop-permissions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The permission of each tool of the sqlite server, with this in its entry. */
async function permissionsOf(entry: object): Promise<Record<string, string | undefined>> {
  const sqlite = { command: 'node', args: ['servers/sqlite/sqlite.ts'], env: { DB_PATH: join(folder, 'hotel.db') }, ...entry }
  const { servers } = readServers(JSON.stringify({ mcpServers: { db: sqlite } }), 'servers.json', {}, root)
  const host = openHost()
  await host.start(servers)
  return Object.fromEntries((await host.list()).map(({ name, permission }) => [name.replace('db__', ''), permission]))
}

test.each<[string, object, Record<string, string>]>([
  ['nothing is said', {}, { read_query: 'allow', list_tables: 'allow', write_query: 'ask', append_insight: 'ask' }],
  ['all are approved', { autoApprove: ['*'] }, { read_query: 'allow', write_query: 'allow' }],
  ['one is approved', { alwaysAllow: ['write_query'] }, { write_query: 'allow', create_table: 'ask' }],
  [
    'each is given a permission, which is stronger than an approval',
    { permissions: { read_query: 'ask', '*': 'deny', write_query: 'allow' }, autoApprove: ['*', 'create_table'] },
    { read_query: 'ask', write_query: 'allow', create_table: 'allow', list_tables: 'deny' },
  ],
])("of the operator's server, of which %s", async (_, entry, expected) => {
  expect(await permissionsOf(entry)).toMatchObject(expected)
})

test('a permission that is none switches its entry off with a sentence', () => {
  const entry = { command: 'x', permissions: { a: 'perhaps' } }
  const { disabled } = readServers(JSON.stringify({ mcpServers: { db: entry } }), 'servers.json', {}, root)
  expect(disabled[0]?.error).toContain('mcpServers.db.permissions.a')
})

test.each<[string, Owner, boolean, string]>([
  ['a member is not believed when it says that it only reads', 'user:fake:u', false, 'ask'],
  ['a member is believed once it is trusted', 'user:fake:u', true, 'allow'],
  ['the operator is believed', 'house', false, 'allow'],
])('a server of %s', async (_, owner, trust, expected) => {
  const web = await startTokenWeb()
  onTestFinished(() => web.close())
  const host = openHost({ plainHosts: ['127.0.0.1'] })
  await host.register(
    { ...serverDefaults, name: 'bellhop', trust, transport: { kind: 'http', url: web.url, headers: {} } },
    owner,
  )
  const tools = await host.list([owner])
  expect(tools.map(({ permission }) => permission)).toEqual([expected, expected])
  expect(tools.map(({ server }) => server)).not.toContain('bellhop') // as which the house's own tools run unasked
})

test.each([
  ['terminal:ann', 'ann', true],
  ['web:s1', 'local', false],
  ['web:key-0123456789ab:s1', 'key-0123456789ab', true],
  ['discord:5', '1234', true],
  ['telegram:5', '1234', false],
])('in %s, %s is an admin: %s', (conversation, id, expected) => {
  const { admins } = loadConfig(import.meta.dirname, { ADMINS: 'discord:1234,web:key-0123456789ab' })
  expect(isAdmin(conversation, { id, name: 'A' }, admins)).toBe(expected)
})
