import { spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run as runProgram } from '../servers/child.ts'
import { runCommand } from '../servers/workbench/command.ts'
import { readHtml } from '../servers/workbench/page.ts'
import { isAliasOfRunner, readSettings } from '../servers/workbench/settings.ts'
import { addressesInside, namesInside, openTrap, redirects, refusal, refusalsOf } from './inside.ts'
import { type Bundled, lives, openServer, openSite } from './video-rig.ts'

const program = join(import.meta.dirname, '../servers/workbench/workbench.ts')
const outside = mkdtempSync(join(tmpdir(), 'bellhop-outside-'))
const folder = mkdtempSync(join(tmpdir(), 'bellhop-bench-'))
let asked: { path: string; key: string | undefined }[] = []
const site = await openSite((request, response) => {
  if (redirects(request, response)) return
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
  RUN_COMMANDS: 'ls, cat,sleep,yes,printenv,sort',
  RUN_SECONDS: '1.5',
}
const trap = await openTrap()
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
  trap.close()
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
    ['cat', ['/proc/self/environ']],
    ['cat', ['.//../secret']],
    ['cat', ['src/.//..//../secret']],
    ['ls', ['--', '/etc']],
    ['LD_PRELOAD=./evil.so ls', []],
    ['LD_PRELOAD=./evil.so', ['ls']],
    ['NODE_OPTIONS=--require=./evil.js ls', []],
    ['env', ['GIT_SSH_COMMAND=./evil', 'git', 'fetch']],
    ['git', ['-c', 'core.pager=./evil', 'log']],
    ['node', ['-e', '1']],
    ['python3', ['-c', '1']],
    ['bash', ['-c', 'id']],
    ['ls&&id', []],
    ['ls|id', []],
    ['ls\0', []],
    ['__proto__', []],
    ['constructor', []],
    ['sort', ['--compress-program=./evil', 'note.txt']],
    ['sort', ['--compress-prog', './evil', 'note.txt']],
    ['sort', ['--co=./evil', 'note.txt']],
    ['sort', ['-o/etc/motd', 'note.txt']],
    ['sort', ['--output=../x', 'note.txt']],
    ['sort', ['-T../', 'note.txt']],
  ])('refuses %j %j', async (command, args) => {
    const { ok, text } = await run(command, args)
    expect([ok, text]).toEqual([false, expect.stringContaining('is not allowed')])
  })

  test('hands down nothing of its own environment', async () => {
    const loud = {
      LD_LIBRARY_PATH: '/evil',
      NODE_OPTIONS: '--no-warnings',
      GIT_SSH_COMMAND: 'evil',
      BASH_ENV: '/evil',
      PYTHONPATH: '/evil',
    }
    const own = await openServer('workbench', { ...env, ...loud })
    const names = String((await run('printenv', [], own)).found['stdout']).match(/^\w+(?==)/gm) ?? []
    await own.close()
    expect(names.filter(name => !['PATH', 'LANG', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))).toEqual([])
  })

  test.each([
    ['in the background', 'sleep 300 &'],
    ['in a session of its own', 'setsid sleep 300 &'],
    ['twice, with nothing open', '(setsid sh -c "sleep 300 & wait" >/dev/null 2>&1 </dev/null &)'],
  ])('a program that forks %s leaves nothing behind, and is not waited for', async (_, code) => {
    const program = join(outside, 'forks')
    const tag = `300.${Math.floor(Math.random() * 1e9)}`
    writeFileSync(program, `#!/bin/sh\nPATH=/usr/bin:/bin\n${code.replace('300', tag)}\nsleep 0.2\necho done\n`, { mode: 0o755 })
    const settings = { ...readSettings({ WORKBENCH_DIR: folder }), commands: new Map([['forks', program]]) }
    const ended = await runCommand(settings, 'forks', [], AbortSignal.timeout(15_000))
    expect(ended).toEqual({ code: 0, stdout: 'done\n', stderr: '' })
    await expect.poll(() => processesNamed(tag)).toEqual([])
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

  test.each(
    'sh bash dash env node python3 find xargs sudo awk git split m4 ed flock script sqlite3 openssl python3.11 mawk ld-linux-x86-64.so.2'.split(
      ' ',
    ),
  )('the operator cannot list %s, which runs others', name => {
    expect(() => readSettings({ ...env, RUN_COMMANDS: `ls,${name}` })).toThrow(`RUN_COMMANDS may not have "${name}"`)
  })

  test('nor one of these under another name', () => {
    const folderOfLinks = join(outside, 'links')
    mkdirSync(folderOfLinks)
    symlinkSync('/bin/sh', join(folderOfLinks, 'harmless'))
    expect(isAliasOfRunner(join(folderOfLinks, 'harmless'))).toBe(true)
    expect(isAliasOfRunner('/bin/ls')).toBe(false)
    const names = readdirSync('/usr/bin').filter(name => existsSync(`/usr/bin/${name}`) && isAliasOfRunner(`/usr/bin/${name}`))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(() => readSettings({ ...env, RUN_COMMANDS: name })).toThrow(/may not have|takes names/)
  })

  test.each(['/bin/ls', '../ls', 'no-such-program', 'LD_PRELOAD=x ls'])('nor %j, which is no program', list => {
    expect(() => readSettings({ ...env, RUN_COMMANDS: list })).toThrow(/^RUN_COMMANDS (takes names|has)/)
  })

  test('the server says so and does not start', () => {
    const { status, stderr } = spawnSync(process.execPath, [program], { env: { ...env, RUN_COMMANDS: 'sh' }, encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^workbench: RUN_COMMANDS may not have "sh"/)])
  })
})

function processesNamed(tag: string): string[] {
  return globSync('/proc/[0-9]*/cmdline').filter(path => {
    try {
      return readFileSync(path, 'utf8').includes(tag)
    } catch {
      return false
    }
  })
}

test('a program that holds our pipes from a session of its own is not waited for', async () => {
  const away = 'setsid sh -c "echo \\$\\$ > pid; exec sleep 60" & while [ ! -s pid ]; do sleep 0.05; done; cat pid'
  const order = { program: '/bin/sh', args: ['-c', away], cwd: folder, env: { PATH: '/usr/bin:/bin' } }
  const limits = { timeoutMs: 50_000, keepBytes: 1000, signal: AbortSignal.timeout(50_000) }
  const { stdout, stopped } = await runProgram({ ...order, ...limits })
  expect([lives(Number(stdout)), stopped]).toEqual([true, undefined])
  process.kill(Number(stdout), 'SIGKILL')
})

describe('fetch_page', () => {
  const read = (path: string) => server.call('fetch_page', { url: path.startsWith('http') ? path : site.url + path })

  test('gives what a person reads', async () => {
    const { found } = await read('/page')
    expect(found).toEqual({ url: `${site.url}/page`, title: 'Hi', text: `# Head\n\nWords [there](${site.url}/x)`, cut: false })
    expect((await read('/gbk')).found['text']).toBe('你好')
  })

  test.each([
    ['/picture', /image\/png/],
    ['/large', /larger than 3 MB/],
    ['/missing', /HTTP 404/],
  ])('does not give %s', async (path, sentence) => {
    const { ok, text } = await read(path)
    expect([ok, text]).toEqual([false, expect.stringMatching(sentence)])
  })

  test.each(addressesInside(trap.port))('does not call %s', async url => {
    const { ok, text } = await server.call('fetch_page', { url })
    expect([ok, text, trap.hits()]).toEqual([false, expect.stringMatching(refusal), 0])
  })

  test('is led inside neither by a redirect nor by a name', async () => {
    expect(await refusalsOf(addressesInside(trap.port), server, 'fetch_page', site.url)).toEqual([])
    for (const name of await namesInside())
      expect((await read(`http://${name}:${trap.port}/`)).text).toMatch(/leads into a network/)
    expect(trap.hits()).toBe(0)
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
