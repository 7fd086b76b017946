import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readHtml } from '../servers/workbench/page.ts'
import { type Bundled, openServer, openSite } from './video-rig.ts'

const program = join(import.meta.dirname, '../servers/workbench/workbench.ts')
const outside = mkdtempSync(join(tmpdir(), 'bellhop-outside-'))
const folder = mkdtempSync(join(tmpdir(), 'bellhop-bench-'))
let asked: { path: string; key: string | undefined }[] = []
const site = await openSite((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site')
  const key = request.headers['x-subscription-token']
  asked.push({ path: request.url ?? '', key: typeof key === 'string' ? key : undefined })
  const found = {
    title: 'Cats',
    url: 'https://example.org/cats',
    content: 'all <b>about</b> cats',
    description: 'all about cats',
  }
  if (pathname === '/search') response.end(JSON.stringify({ results: [found, { ...found, content: null }] }))
  else if (pathname === '/res/v1/web/search') response.end(JSON.stringify({ web: { results: [found] } }))
  else if (pathname === '/used-up/search') response.writeHead(429).end()
  else if (pathname === '/html/search') response.end('<html>no</html>')
  else if (pathname === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  else if (pathname === '/picture') response.writeHead(200, { 'content-type': 'image/png' }).end('x')
  else if (pathname === '/large') response.writeHead(200, { 'content-type': 'text/plain' }).end(Buffer.alloc(4_000_000, 'a'))
  else if (pathname === '/gbk')
    response.writeHead(200, { 'content-type': 'text/html; charset=gbk' }).end(Buffer.from('3c703ec4e3bac33c2f703e', 'hex'))
  else if (pathname === '/missing') response.writeHead(404).end()
  else
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<title>Hi</title><nav>menu</nav><h1>Head</h1><p>Words <a href="/x">there</a>')
})
const env = {
  WORKBENCH_DIR: folder,
  ALLOW_PRIVATE_HOSTS: site.host,
  RUN_COMMANDS: 'ls, cat,sleep,yes,printenv',
  RUN_SECONDS: '1.5',
}
let server: Bundled
beforeAll(async () => {
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(folder, 'note.txt'), 'a note')
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'src', 'a.ts'), 'if (a && b) {\n  c()\n} // if\n')
  writeFileSync(join(folder, 'src', 'b.py'), 'for a in b:\n  pass\n')
  symlinkSync(outside, join(folder, 'way-out'))
  symlinkSync(join(outside, 'secret'), join(folder, 'link'))
  server = await openServer('workbench', env)
})
afterAll(async () => {
  await server.close()
  site.close()
  for (const path of [folder, outside]) rmSync(path, { recursive: true, force: true })
})

describe('run_command', () => {
  const run = (command: string, args: string[] = [], by = server) => by.call('run_command', { command, args })

  test('runs what is allowed, in its folder, with an empty environment', async () => {
    expect((await run('cat', ['note.txt'])).found).toEqual({ code: 0, stdout: 'a note', stderr: '' })
    expect((await run('ls', ['-a', 'src/'])).found['stdout']).toBe('.\n..\na.ts\nb.py\n')
    expect(String((await run('printenv')).found['stdout'])).not.toMatch(/HOME|RUN_COMMANDS|\/usr/)
    expect((await run('cat', ['$(id)', ';id', '`id`', '|id'])).found['stderr']).toContain("'$(id)'") // names of files, to cat
  })

  test.each<[string, string[]]>([
    ['sh', ['-c', 'id']],
    ['/bin/ls', []],
    ['../bin/ls', []],
    ['./note.txt', []],
    ['ls;id', []],
    ['ls id', []],
    ['ls\nid', []],
    ['$(ls)', []],
    ['LS', []],
    ['cat', ['/etc/passwd']],
    ['cat', ['../secret']],
    ['cat', ['src/../../secret']],
    ['cat', ['note.txt', '//etc/passwd']],
    ['cat', ['~/.ssh/id_rsa']],
    ['cat', ['link']],
    ['cat', ['way-out/secret']],
    ['cat', ['./way-out/none/secret']],
    ['cat', ['src/..']],
    ['ls', ['--file=/etc']],
    ['ls', ['-I/etc']],
    ['ls', ['--x=way-out']],
    ['ls', ['-Iway-out']],
    ['ls', ['a:/etc']],
    ['ls', ['@/etc']],
    ['cat', ['https://example.org/']],
    ['cat', ['file:///etc/passwd']],
    ['cat', ['a\0b']],
  ])('refuses %j %j', async (command, args) => {
    const { ok, text } = await run(command, args)
    expect([ok, text]).toEqual([false, expect.stringContaining('is not allowed')])
  })

  test('stops what takes too long', async () => {
    expect((await run('sleep', ['60'])).found['stopped']).toBe('time')
  })

  test('stops what says too much', async () => {
    const { found } = await run('yes')
    expect([found['stopped'], String(found['stdout']).length]).toEqual(['output', 50_000])
  })

  test('is off unless programs are listed', async () => {
    const plain = await openServer('workbench', { WORKBENCH_DIR: folder })
    expect((await run('ls', [], plain)).text).toContain('RUN_COMMANDS')
    await plain.close()
  })

  test.each([
    'sh',
    'bash',
    'dash',
    'env',
    'node',
    'python3',
    'find',
    'xargs',
    'sudo',
    'awk',
    'git',
    'ls,tar',
    '/bin/ls',
    '../ls',
    'no-such-program',
  ])('the operator cannot list %s', list => {
    const { status, stderr } = spawnSync(process.execPath, [program], { env: { ...env, RUN_COMMANDS: list }, encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^workbench: RUN_COMMANDS /)])
  })
})

describe('fetch_page', () => {
  const read = (path: string) => server.call('fetch_page', { url: path.startsWith('http') ? path : site.url + path })

  test('gives what a person reads', async () => {
    const { found } = await read('/page')
    expect(found).toEqual({ url: `${site.url}/page`, title: 'Hi', text: `# Head\n\nWords [there](${site.url}/x)`, cut: false })
    expect((await read('/gbk')).found['text']).toBe('你好')
  })

  test.each([
    ['/away', /is not called/],
    ['http://169.254.169.254/', /is not called/],
    ['http://localhost/', /is not called/],
    ['/picture', /image\/png/],
    ['/large', /larger than 3 MB/],
    ['/missing', /HTTP 404/],
  ])('does not give %s', async (path, sentence) => {
    const { ok, text } = await read(path)
    expect([ok, text]).toEqual([false, expect.stringMatching(sentence)])
  })

  test.each([
    ['<script>if (a<b) x()</script>seen<style>p{}</style>', 'seen'],
    ['a &lt;b&gt; &amp; &#20320;&#x597d; &copy; &nonsense; &#0;', 'a <b> & 你好 © &nonsense;'],
    ['<ul><li>one<li>two</ul>', '- one\n- two'],
    ['<!-- <p>hidden --><p>1 < 2', '1 < 2'],
    ['<a href="javascript:x()">bad</a> <a href="#top">up</a>', 'bad up'],
    ['<p>unfinished <a href="', 'unfinished'],
  ])('reads %s', (html, text) => {
    expect(readHtml(html, new URL('https://example.org/')).text).toBe(text)
  })

  test('no page makes it slow', () => {
    for (const html of [
      '<'.repeat(300_000),
      '<a '.repeat(100_000),
      '<!--'.repeat(100_000),
      '&'.repeat(300_000),
      '<b> '.repeat(300_000),
      '[]('.repeat(300_000),
      '<script>'.repeat(100_000),
      '<script></script'.repeat(100_000),
      ' \n'.repeat(150_000),
    ])
      readHtml(html, new URL('https://example.org/'))
  })
})

describe('web_search', () => {
  const ask = async (more: Record<string, string>) => {
    asked = []
    const own = await openServer('workbench', { WORKBENCH_DIR: folder, ...more })
    const called = await own.call('web_search', { query: 'cats & dogs', count: 1 })
    await own.close()
    return called
  }
  const cats = { results: [{ title: 'Cats', url: 'https://example.org/cats', summary: 'all about cats' }] }

  test('asks SearXNG', async () => {
    expect((await ask({ SEARXNG_URL: site.url })).found).toEqual(cats)
    expect(asked).toEqual([{ path: '/search?q=cats+%26+dogs&format=json', key: undefined }])
  })

  test('asks Brave', async () => {
    expect((await ask({ BRAVE_API_KEY: 'secret-key', BRAVE_URL: site.url })).found).toEqual(cats)
    expect(asked).toEqual([{ path: '/res/v1/web/search?q=cats+%26+dogs&count=1', key: 'secret-key' }])
  })

  test.each([
    [{}, /SEARXNG_URL.*BRAVE_API_KEY/],
    [{ SEARXNG_URL: `${site.url}/used-up` }, /HTTP 429/],
    [{ SEARXNG_URL: `${site.url}/html` }, /something else than results/],
    [{ SEARXNG_URL: 'http://127.0.0.1:1' }, /could not be reached/],
  ])('says what is wrong with %j', async (more: Record<string, string>, sentence) => {
    expect((await ask(more)).text).toMatch(sentence)
  })
})

describe('analyse_code', () => {
  test('counts', async () => {
    const { found } = await server.call('analyse_code', { path: 'src' })
    expect(found).toMatchObject({ files: 2, lines: 5, more: false })
    expect(found['most_complex']).toEqual([
      { path: 'a.ts', lines: 3, bytes: 28, complexity: 2 },
      { path: 'b.py', lines: 2, bytes: 19, complexity: 1 },
    ])
  })

  test.each(['/etc', '..', 'way-out', 'src/../../', 'note.txt', 'none'])('does not look at %s', async path => {
    expect((await server.call('analyse_code', { path })).text).toMatch(/there is no folder/)
  })

  test('follows no link', async () => {
    writeFileSync(join(outside, 'far.ts'), 'x')
    expect((await server.call('analyse_code', {})).found).toMatchObject({ files: 2 })
    expect(readdirSync(outside)).toContain('far.ts')
  })
})

test('system_info tells neither names nor settings', async () => {
  const { found, text } = await server.call('system_info', {})
  expect(found).toMatchObject({ platform: process.platform, node: process.version })
  expect(text).not.toContain(folder)
})

test('clients of the older protocol list and call its tools', async () => {
  const client = new OldClient({ name: 'old', version: '1' })
  await client.connect(new OldTransport({ command: process.execPath, args: [program], env }))
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(['web_search', 'fetch_page', 'run_command', 'analyse_code', 'system_info'])
  expect((await client.callTool({ name: 'run_command', arguments: { command: 'cat', args: ['note.txt'] } })).isError).toBeFalsy()
  await client.close()
  expect(execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' })).toContain('RUN_COMMANDS')
})
