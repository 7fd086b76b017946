import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { banner } from '../src/banner.ts'
import { loadConfig } from '../src/config/config.ts'
import { serverDefaults } from '../src/config/servers.ts'
import { folder, problemsOf, readAll, readOne, readText } from './servers.read.ts'

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the file', () => {
  test('may have comments, trailing commas and a byte order mark', () => {
    const text = '\uFEFF{\n// why\n"mcpServers": { "a": { "command": "x", /* so */ }, },\n}'
    expect(readText(text).servers.map(({ name }) => name)).toEqual(['a'])
  })

  test.each([
    ['{\n  "mcpServers": {\n    "a": { "command": }\n  }\n}', 'f.json is not JSON: Value expected at line 3, column 23'],
    ['', 'f.json is not JSON: Value expected at line 1, column 1'],
    ['[mcp_servers.docs]\ncommand = "npx"\n', 'f.json is TOML: write the same as JSON, {"mcp_servers": {…}}'],
    ['{"servers": [{"command": "x"}]}', 'f.json.servers is wrong: it must be an object with one entry a server'],
    ['{"editor": {"tabs": 2}}', 'f.json.mcpServers is wrong: it must be an object with one entry a server'],
  ])('that holds %j is refused in one sentence', (text, sentence) => {
    expect(problemsOf(() => readText(text))).toEqual([sentence])
  })

  test('may be nothing but entries, of which a bad one takes none with it', () => {
    const config = readText('{"$schema": "s", "good": {"command": "x"}, "bad": 5}')
    expect(config.servers.map(({ name }) => name)).toEqual(['good'])
    expect(config.disabled).toEqual([{ name: 'bad', error: expect.stringContaining('f.json: bad is wrong') }])
  })

  test('says which keys nothing reads, and reads the first list that it has', () => {
    const config = readText('{"theme": 1, "servers": {"b": {"command": "x"}}, "mcpServers": {"a": {"command": "x"}}}')
    expect(config.servers.map(({ name }) => name)).toEqual(['a'])
    expect(config.warnings).toEqual(['f.json: nothing here reads "theme", "servers"'])
  })
})

describe('an entry', () => {
  test('says everything that the house can be told', () => {
    const said = {
      description: 'of the hotel',
      era: 'legacy',
      connectMs: 1000,
      callMs: 2000,
      maxCallMs: 3000,
      idleMs: 4000,
      autoApprove: ['*'],
      trust: true,
      cacheTtlMs: 5000,
      toolCacheMs: { clock: 0 },
      maxConcurrency: 2,
      result: 'plain',
      limits: { resultBytes: 6000 },
      sampling: true,
      elicitation: false,
    }
    const { server, warnings } = readOne({ url: 'https://x.org/mcp', ...said, roots: ['shared', 'file:///srv'] })
    expect(server).toEqual({
      ...serverDefaults,
      ...said,
      name: 'a',
      transport: { kind: 'auto', url: 'https://x.org/mcp', headers: {} },
      auth: { type: 'oauth', scopes: [] },
      roots: [`file://${folder}/shared`, 'file:///srv'],
    })
    expect(warnings).toEqual([])
  })

  test('keeps working with keys that nobody knows, which are told once', () => {
    const { server, warnings } = readOne({ command: 'x', color: 'red', headersHelper: './sign.sh', sandboxEnabled: false })
    expect(server?.name).toBe('a')
    expect(warnings).toEqual([
      'f.json: mcpServers.a: nothing here reads "color", "headersHelper", "sandboxEnabled"; no header comes from a program',
    ])
  })

  test('may leave fields of a form empty', () => {
    const { server } = readOne({ type: null, command: '', url: 'https://x.org', cwd: '', env: null })
    expect(server?.transport).toEqual({ kind: 'auto', url: 'https://x.org', headers: {} })
  })

  test.each([
    [{ type: 'ws', url: 'https://x.org' }, 'type asks for WebSocket'],
    [{ transport: 'websocket', url: 'https://x.org' }, 'transport asks for WebSocket'],
    [{ ws_url: 'wss://x.org' }, 'ws_url asks for WebSocket'],
    [{ url: 'wss://x.org' }, 'url is "wss://x.org": WebSocket is no transport of MCP here'],
  ])('%j is refused for its WebSocket', (entry, sentence) => {
    expect(readOne(entry).error).toContain(`f.json: mcpServers.a.${sentence}`)
  })

  test('cannot want the newest protocol over the transport that ended before it', () => {
    expect(readOne({ url: 'https://x.org', type: 'sse', era: '2026-07-28' }).error).toBe(
      'f.json: mcpServers.a.era is "2026-07-28", which is not spoken over SSE: take one of the two away',
    )
    expect(readOne({ url: 'https://x.org', era: '2026-07-28' }).error).toBeUndefined()
  })

  test.each<[object, object]>([
    [{ timeout: 90 }, { callMs: 90_000 }],
    [{ timeout: 999 }, { callMs: 999_000, maxCallMs: 999_000 }],
    [{ timeout: 1000 }, { callMs: 1000 }],
    [{ timeout: 30_000 }, { callMs: 30_000 }],
    [{ timeout: 90, callMs: 700 }, { callMs: 700 }],
    [{ timeout: 90, tool_timeout_sec: 1.5 }, { callMs: 1500 }],
    [{ timeout: { startup: 500, request: 800 } }, { connectMs: 500, callMs: 800 }],
    [{ startup_timeout_sec: 3 }, { connectMs: 3000, callMs: 60_000 }],
    [{ startup_timeout_ms: 400, startup_timeout_sec: 3 }, { connectMs: 400 }],
  ])('with %j waits for %j', (entry, waits) => {
    expect(readOne({ command: 'x', ...entry }).server).toMatchObject(waits)
  })

  test.each([
    [90, ['f.json: mcpServers.a.timeout is 90, taken as seconds: write "callMs": 90000 if that is meant']],
    [1800, ['f.json: mcpServers.a.timeout is 1800, taken as milliseconds: write "callMs": 1800 if that is meant']],
    [30_000, []],
  ])('a timeout of %i is doubted only where clients mean different units', (timeout, warnings) => {
    expect(readOne({ command: 'x', timeout }).warnings).toEqual(warnings)
  })
})

describe('names', () => {
  test.each([
    ['my_Server-1', 'my_Server-1'],
    ['My Server!', 'My_Server'],
    ['io.github.user/café', 'io_github_user_cafe'],
    ['搜索', expect.stringMatching(/^server_[0-9a-f]{8}$/)],
    ['x'.repeat(40), expect.stringMatching(/^x{23}_[0-9a-f]{8}$/)],
  ])('%s becomes %s, the same every time', (written, name) => {
    const read = () => readAll({ [written]: { command: 'x' } }).servers[0]?.name
    expect(read()).toEqual(name)
    expect(read()).toBe(read())
  })

  test('that become the same one are refused, but for the first', () => {
    const { servers, disabled } = readAll({ 'a b': { command: 'x' }, a_b: { command: 'y' } })
    expect(servers).toMatchObject([{ name: 'a_b', transport: { command: 'x' } }])
    expect(disabled).toEqual([
      { name: 'a_b', error: expect.stringContaining('mcpServers.a_b has the same name as mcpServers.a b') },
    ])
  })
})

test('an entry that cannot work takes no name', () => {
  const { servers } = readAll({ 'a b': { url: 'ftp://x' }, a_b: { command: 'y' } })
  expect(servers).toMatchObject([{ name: 'a_b', transport: { command: 'y' } }])
})

describe('variables', () => {
  const env = { KEY: 'k', HOME: '/home/ann', EMPTY: '' }
  test.each([
    ['${KEY} ${env:KEY} {env:KEY}', 'k k k'],
    ['${NOPE:-d} ${EMPTY:-d} ${KEY:-d}', 'd d k'],
    ['${workspaceFolder} ${cwd} ${userHome}', `${folder} ${folder} /home/ann`],
    ['$$ $${KEY} $${env:KEY}', '$ ${KEY} ${env:KEY}'],
    ['$KEY ${a-b}', '$KEY ${a-b}'],
  ])('%s is %s', (written, read) => {
    expect(readOne({ command: 'x', args: [written] }, env).server?.transport).toMatchObject({ args: [read] })
  })

  test.each([
    ['$KEY', 'k'],
    ['a-$KEY', 'a-k'],
    ['pa$word', 'pa$word'],
    ['$$KEY', '$KEY'],
  ])('in the environment of a program, %s is %s', (written, read) => {
    expect(readOne({ command: 'x', env: { A: written } }, env).server?.transport).toMatchObject({ env: { A: read } })
  })

  test('what a value holds is not read again', () => {
    const { server } = readOne({ command: 'x', env: { A: '${KEY}' } }, { KEY: 'a$HOME${HOME}$$', HOME: '/h' })
    expect(server?.transport).toMatchObject({ env: { A: 'a$HOME${HOME}$$' } })
  })

  test.each([
    [{ command: '${NOPE}' }, 'NOPE'],
    [{ command: 'x', env: { A: '$NOPE' } }, 'NOPE'],
    [{ command: 'x', cwd: '${NOPE}' }, 'NOPE'],
    [{ url: '${NOPE}' }, 'NOPE'],
    [{ url: 'https://x.org', headers: { A: '${EMPTY}' } }, 'EMPTY'],
    [{ url: 'https://x.org', bearer_token_env_var: 'NOPE' }, 'NOPE'],
    [{ url: 'https://x.org', env_http_headers: { A: 'NOPE' } }, 'NOPE'],
    [{ url: 'https://x.org', auth: { clientSecret: '${NOPE}' } }, 'NOPE'],
    [{ command: 'x', args: ['${input:api-key}'] }, 'MCP_INPUT_API_KEY'],
  ])('%j is off until somebody sets %s', (entry, name) => {
    const { server, error } = readOne(entry, env)
    expect(server).toBeUndefined()
    expect(error).toBe(`f.json: mcpServers.a needs ${name}, which is not set: set it in .env, or write \${NAME:-default}`)
  })

  test('a file of them is read for the program, and its own ones win', () => {
    writeFileSync(join(folder, 'a.env'), 'A=file\nB=file\n')
    expect(readOne({ command: 'x', envFile: 'a.env', env: { B: 'own' } }).server?.transport).toMatchObject({
      env: { A: 'file', B: 'own' },
    })
    expect(readOne({ command: 'x', envFile: 'none.env' }).error).toContain(
      `envFile is "${folder}/none.env": there is no such file`,
    )
    mkdirSync(join(folder, 'dir.env'))
    expect(readOne({ command: 'x', envFile: 'dir.env' }).error).toContain('it cannot be read (EISDIR')
  })
})

test('the banner tells what an operator should know of servers', () => {
  writeFileSync(join(folder, 'servers.config.json'), '{"mcpServers": {"a": {"command": "x", "color": "red"}}}')
  const config = loadConfig(folder, {})
  const text = banner({ config, webUrl: undefined, model: 'm', servers: [], seconds: 1 })
  expect(text).toContain('servers.config.json: mcpServers.a: nothing here reads "color"')
})
