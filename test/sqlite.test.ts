import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type CallToolResult, Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../servers/sqlite/database.ts'
import { ensureSample } from '../servers/sqlite/sample.ts'
import { type Right, runStatement } from '../servers/sqlite/statement.ts'

const program = `${import.meta.dirname}/../servers/sqlite/sqlite.ts`
const freshPath = () => join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'data', 'hotel.db')

describe('one statement', () => {
  const path = freshPath()
  beforeAll(() => void ensureSample(path))
  const run = (right: Right, sql: string) => runStatement({ path, right, sql, values: [] })

  test.each([
    'DELETE FROM rooms',
    "INSERT INTO guests VALUES (99, 'x', 'y', 'z')",
    'DROP TABLE rooms',
    'CREATE TABLE x (a)',
    'CREATE TEMP TABLE x (a)',
    "ATTACH '/tmp/other.db' AS other",
    "VACUUM INTO '/tmp/copy.db'",
    'PRAGMA journal_mode = WAL',
    'PRAGMA writable_schema = 1',
    "SELECT load_extension('evil')",
    'SELECT 1; DROP TABLE rooms',
    'BEGIN',
    'SAVEPOINT a',
    'DETACH main',
    'REINDEX',
    'ANALYZE',
    'VACUUM',
    'UPDATE rooms SET floor = 9',
    'UPDATE rooms SET floor = 9 RETURNING id',
    'REPLACE INTO rooms SELECT * FROM rooms',
    'WITH x AS (SELECT 1) DELETE FROM rooms',
    "ATTACH ':memory:' AS other",
    "ATTACH 'file:/etc/passwd?mode=ro' AS other",
    'ALTER TABLE rooms RENAME TO halls',
    'CREATE VIRTUAL TABLE x USING fts5(a)',
    'PRAGMA query_only = 0',
    'PRAGMA user_version = 5',
    'PRAGMA trusted_schema = 1',
    'PRAGMA wal_checkpoint(TRUNCATE)',
    "PRAGMA temp_store_directory = '/tmp'",
    'EXPLAIN DELETE FROM rooms',
    "SELECT writefile('/tmp/x', 'y')",
    "SELECT readfile('/etc/passwd')",
    "SELECT fts3_tokenizer('simple', x'00')",
    "UPDATE sqlite_schema SET sql = ''",
  ])('reading refuses: %s', sql => {
    expect(() => run('read', sql)).toThrow(
      /not authorized|authorization denied|one statement|no such function|may not be modified|tokenize disabled/,
    )
    expect(run('read', 'SELECT count(*) FROM rooms').rows).toEqual([['12']])
  })

  test.each([
    'DROP TABLE rooms',
    'CREATE TABLE x (a)',
    'PRAGMA foreign_keys = OFF',
    "ATTACH 'x' AS x",
    'DELETE FROM sqlite_schema',
    'DELETE FROM orders; DELETE FROM rooms',
    'PRAGMA writable_schema = 1',
    "UPDATE sqlite_schema SET sql = 'x'",
    "SELECT load_extension('evil')",
    "VACUUM INTO '/tmp/copy.db'",
    'BEGIN',
    'ALTER TABLE rooms ADD COLUMN x',
  ])('writing refuses: %s', sql => {
    expect(() => run('write', sql)).toThrow(/not authorized|authorization denied|may not be modified|one statement/)
  })

  test.each([
    'DROP TABLE rooms',
    'INSERT INTO orders SELECT * FROM orders',
    'CREATE TRIGGER t AFTER INSERT ON rooms BEGIN DELETE FROM guests; END',
  ])('creating refuses: %s', sql => {
    expect(() => run('create', sql)).toThrow(/takes a CREATE|not authorized/)
  })

  test.each([
    'SELECT 1 -- done',
    'SELECT 1; -- done',
    '/* hello */ SELECT 1;',
    'WITH a AS (SELECT 1) SELECT * FROM a',
    'PRAGMA table_info(rooms)',
    'EXPLAIN SELECT 1',
  ])('reading allows: %s', sql => {
    expect(run('read', sql).rows.length).toBeGreaterThan(0)
  })

  test('the questions of the server itself cannot write either', () => {
    expect(() => run('inspect', 'DELETE FROM rooms')).toThrow('readonly')
  })

  test('rows are capped, and more is said to be there', () => {
    const { rows, more } = run('read', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n')
    expect({ rows: rows.length, more }).toEqual({ rows: 200, more: true })
  })

  test('values that are no plain text are shown', () => {
    expect(run('read', "SELECT NULL, 9007199254740993, 1.5, x'0102', 1 AS a, 2 AS a").rows).toEqual([
      ['NULL', '9007199254740993', '1.5', '[blob, 2 bytes]', '1', '2'],
    ])
  })

  test('a value of half a gigabyte is refused', () => {
    expect(() => run('read', 'SELECT zeroblob(500000000)')).toThrow('too big')
  })
})

describe('the sample hotel', () => {
  test('is the same every time, and its bookings do not overlap', () => {
    const [one, two] = [freshPath(), freshPath()]
    expect([ensureSample(one), ensureSample(two), ensureSample(one)]).toEqual([true, true, false])
    const dump = (path: string) =>
      ['rooms', 'guests', 'bookings', 'orders'].map(
        table => runStatement({ path, right: 'read', sql: `SELECT * FROM ${table}`, values: [] }).rows,
      )
    expect(dump(one)).toEqual(dump(two))
    const overlaps =
      'SELECT count(*) FROM bookings a JOIN bookings b ON a.id < b.id AND a.room_id = b.room_id AND a.arrives < b.leaves AND b.arrives < a.leaves'
    expect(runStatement({ path: one, right: 'read', sql: overlaps, values: [] }).rows).toEqual([['0']])
  })

  test('is made once and whole by many processes at the same moment', async () => {
    const path = freshPath()
    const at = Date.now() + 400
    const make = `import { ensureSample } from ${JSON.stringify(`${dirname(program)}/sample.ts`)}; setTimeout(() => process.stdout.write(String(ensureSample(${JSON.stringify(path)}))), ${at} - Date.now())`
    const makers = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module-typescript', '-e', make]))
    const said = await Promise.all(makers.map(output))
    expect(said.sort()).toEqual(['false', 'false', 'false', 'true'])
    expect(readdirSync(dirname(path))).toEqual(['hotel.db'])
    expect(new DatabaseSync(path).prepare('SELECT count(*) AS n FROM orders').get()).toEqual({ n: 60 })
  })
})

describe('the server', () => {
  const path = freshPath()
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  let stderr = ''

  beforeAll(async () => {
    const env = { DB_PATH: path, QUERY_TIMEOUT_MS: '1000' }
    const transport = new StdioClientTransport({ command: process.execPath, args: [program], env, stderr: 'pipe' })
    transport.stderr?.on('data', chunk => {
      stderr += chunk
    })
    await client.connect(transport)
  })
  afterAll(() => client.close())

  const call = async (name: string, input = {}) => show(await client.callTool({ name, arguments: input }))

  test('says with --help what it offers', () => {
    expect(execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' })).toMatch(/DB_PATH[\s\S]*list_tables/)
  })

  test('has titled tools that say what they change', async () => {
    const { tools } = await client.listTools()
    expect(
      tools.map(({ name, title, annotations }) => [name, title, annotations?.readOnlyHint, annotations?.destructiveHint]),
    ).toEqual([
      ['list_tables', 'List tables', true, false],
      ['describe_table', 'Describe table', true, false],
      ['read_query', 'Query the database', true, false],
      ['write_query', 'Change rows', false, true],
      ['create_table', 'Create table', false, false],
      ['append_insight', 'Note an insight', false, false],
    ])
  })

  test('tells the tables, then one of them', async () => {
    expect(await call('list_tables')).toContain('| rooms | table | 12 | id, number, floor, kind, price_per_night |')
    expect(await call('describe_table', { table_name: 'ROOMS' })).toMatch(/\| number \| TEXT \| yes \|[\s\S]*CREATE TABLE rooms/)
    expect(await call('describe_table', { table_name: 'room' })).toBe(
      'error: there is no table "room"; there are bookings, guests, orders, rooms',
    )
  })

  test('reads, creates and writes', async () => {
    expect(await call('read_query', { query: "SELECT 'a|b' AS x" })).toBe('| x |\n| --- |\n| a\\|b |\n\n1 row')
    expect(await call('create_table', { query: 'CREATE TABLE keys (id INTEGER PRIMARY KEY, room TEXT)' })).toContain('keys')
    expect(await call('write_query', { query: "INSERT INTO keys (room) VALUES ('101'), ('102')" })).toBe('2 rows changed.')
    expect(await call('write_query', { query: "DELETE FROM keys WHERE room = '101' RETURNING id" })).toContain('| 1 |')
    expect(await call('read_query', { query: 'SELECT room FROM keys' })).toContain('| 102 |')
  })

  test('gives back what SQLite says of a mistake', async () => {
    expect(await call('read_query', { query: 'SELEC 1' })).toBe('error: near "SELEC": syntax error')
    expect(await call('write_query', { query: 'INSERT INTO orders (booking_id) VALUES (1000)' })).toMatch(
      /^error: NOT NULL constraint failed/,
    )
  })

  test('stops an endless query and answers the next one', async () => {
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
    const [first, second] = await Promise.all([
      call('read_query', { query: endless }),
      call('read_query', { query: 'SELECT 1 AS one' }),
    ])
    expect(first).toContain('error: stopped after 1 s')
    expect(second).toContain('| one |')
  })

  const wide = (value: string) => `SELECT ${Array.from({ length: 200 }, (_, at) => `${value} AS c${at}`).join(', ')}`
  test.each([
    ['a row of two gigabytes', wide('zeroblob(9000000)'), /^error: (out of memory|the database process ended|stopped after)/],
    ['a row of two gigabytes of text', wide("printf('%.*c', 9000000, 'x')"), /^error: (out of memory|.*ended|stopped after)/],
    ['a value of a gigabyte', "SELECT printf('%.*c', 1000000000, 'x')", /^error: .*(too big|NULL)|NULL/],
    ['two gigabytes in rows', 'SELECT zeroblob(9000000) FROM rooms, guests', /^(\| zeroblob|error: (out of memory|stopped))/],
    ['many rows of many columns', `${wide("printf('%.*c', 1000, 'x')")} FROM rooms, guests`, /The first 3 rows of more/],
  ])('refuses or stops %s, and answers the next one', async (_, sql, outcome) => {
    const said = await call('read_query', { query: sql })
    expect(said).toMatch(outcome)
    expect(said.length).toBeLessThan(1_100_000)
    expect(await call('read_query', { query: 'SELECT 1 AS one' })).toContain('| one |')
  })

  test('keeps insights in the database', async () => {
    expect(await client.readResource({ uri: 'memo://insights' })).toMatchObject({ contents: [{ text: 'No insights yet.' }] })
    await call('append_insight', { insight: 'Suites are booked first.' })
    expect(await client.readResource({ uri: 'memo://insights' }, { cacheMode: 'bypass' })).toMatchObject({
      contents: [{ text: '- Suites are booked first.' }],
    })
  })

  test.runIf(process.platform === 'linux')('a row that does not fit into the memory of one statement is refused', async () => {
    const database = createDatabase(path, 15_000)
    await expect(database.run('read', wide('zeroblob(9000000)'))).rejects.toThrow(/out of memory|want of memory/)
    database.close()
  })

  test('a server that is killed in the middle of a statement leaves no process', async () => {
    const own = freshPath()
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO numbers SELECT i FROM n'
    const doomed = new Client({ name: 'test', version: '1' })
    const env = { DB_PATH: own, QUERY_TIMEOUT_MS: '600000', PATH: process.env['PATH'] ?? '' }
    const transport = new StdioClientTransport({ command: process.execPath, args: [program], env })
    await doomed.connect(transport)
    await doomed.callTool({ name: 'create_table', arguments: { query: 'CREATE TABLE numbers (i)' } })
    void doomed.callTool({ name: 'write_query', arguments: { query: endless } }).catch(() => 'gone')
    await expect.poll(() => existsSync(`${own}-journal`)).toBe(true)
    process.kill(transport.pid ?? 0, 'SIGKILL')
    await expect.poll(() => processesFor(own)).toEqual([])
  })

  test('what an endless writing statement has written is taken back', async () => {
    const endless =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO insights (insight) SELECT i FROM n'
    const count = 'SELECT count(*) FROM insights'
    const before = await call('read_query', { query: count })
    expect(await call('write_query', { query: endless })).toContain('error: stopped after 1 s')
    expect(await call('read_query', { query: count })).toBe(before)
  })

  test('writes nothing to stderr, such as a warning', () => {
    expect(stderr).toBe('')
  })
})

/** Who was told of this database in the environment, and lives. */
function processesFor(path: string): string[] {
  return globSync('/proc/[0-9]*/environ').filter(file => {
    try {
      return readFileSync(file, 'utf8').includes(path)
    } catch {
      return false
    }
  })
}

function show({ content, isError }: CallToolResult): string {
  const text = content.map(block => (block.type === 'text' ? block.text : '')).join('')
  return isError ? `error: ${text}` : text
}

async function output(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = ''
  child.stderr.pipe(process.stderr)
  for await (const chunk of child.stdout) text += chunk
  return text
}
