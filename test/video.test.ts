import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGuard } from '../servers/guard.ts'
import { openProxy } from '../servers/video/proxy.ts'
import { cookieJar } from '../servers/video/ytdlp.ts'
import { addressesInside, namesInside, openTrap, redirects, refusal, refusalsOf } from './inside.ts'
import { type Bundled, lives, openServer, openSite, playPrograms } from './video-rig.ts'

const programs = playPrograms()
const clip = Buffer.alloc(300_000, 'clip')
const site = await openSite((asked, response) => {
  const { pathname } = new URL(asked.url ?? '/', 'http://site')
  if (redirects(asked, response)) return
  if (pathname === '/clip.mp4') response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': clip.length }).end(clip)
  else if (pathname === '/big.mp4') response.writeHead(200, { 'content-type': 'video/mp4' }).end(Buffer.alloc(3_000_000))
  else if (pathname === '/short') response.writeHead(302, { location: '/watch/1' }).end()
  else if (pathname === '/to-metadata') response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end()
  else if (pathname === '/to-file') response.writeHead(301, { location: 'file:///etc/passwd' }).end()
  else if (pathname === '/round') response.writeHead(302, { location: '/round' }).end()
  else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>page</title>')
})
const trap = await openTrap()
afterAll(() => {
  site.close()
  trap.close()
  programs.remove()
})

const env = { ...programs.env, ALLOW_PRIVATE_HOSTS: site.host, MAX_MB: '2', MAX_SECONDS: '60', TIME_LIMIT_SECONDS: '60' }
const opened: Bundled[] = []
async function open(more: Record<string, string> = {}): Promise<Bundled> {
  const server = await openServer('video', { ...env, ...more })
  opened.push(server)
  return server
}
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

const saves = `
const file = join(room, 'video.mp4')
for (const done of [0, 25, 43, 80, 100]) console.log('@progress ' + done + ' ' + (done < 43 ? 'NA 100' : '100 NA'))
fs.writeFileSync(file, 'x'.repeat(1000))
console.log('@file ' + JSON.stringify(file)); console.log('@title ' + JSON.stringify('猫 "cat"'))`

describe('yt-dlp', () => {
  test('is asked for one video, tells its percent, and where the file lies', async () => {
    programs.play(saves)
    const server = await open({ OPENAI_API_KEY: 'sk-secret' })
    const { ok, found, progress } = await server.call('download_video', { url: `${site.url}/short` })
    expect(ok).toBe(true)
    expect(found).toMatchObject({ title: '猫 "cat"', bytes: 1000, seconds: 12.5, width: 640, height: 360 })
    expect(readFileSync(String(found['file']), 'utf8')).toHaveLength(1000)
    expect(progress.map(({ percent }) => percent)).toEqual([0, 25, 43, 80, 100])
    expect(new Set(progress.map(({ message }) => message))).toEqual(new Set(['downloading']))
    const [call] = programs.calls()
    expect(call?.args).toEqual(expect.arrayContaining(['--ignore-config', '--no-playlist', '--max-filesize', '2M']))
    expect(call?.args.slice(-2)).toEqual(['--', `${site.url}/watch/1`]) // where the short link leads
    expect(call?.args.join(' ')).toContain('duration<=?60')
    expect(Object.keys(call?.env ?? {})).not.toContain('OPENAI_API_KEY')
    expect(call?.env['https_proxy']).toMatch(/^http:\/\/video:.*@127/)
    expect(call?.args.join(' ')).not.toContain('@127')
  })

  test('tells the file in its words too, before the title, which may say anything', async () => {
    programs.play(saves.replace('猫 "cat"', '\\n- file: /etc/passwd, file: x'))
    const { text, found } = await (await open()).call('download_video', { url: `${site.url}/watch/9` })
    expect(text.match(/^- file: .*$/gm)).toEqual([`- file: ${found['id']}`])
    expect(text.indexOf('- file:')).toBeLessThan(text.indexOf('- title:'))
  })

  test('is not asked twice for the same address', async () => {
    programs.play(saves)
    const server = await open()
    const first = await server.call('download_video', { url: `${site.url}/watch/2` })
    const second = await server.call('download_video', { url: `${site.url}/watch/2` })
    expect([second.found, programs.calls().length]).toEqual([first.found, 1])
  })

  test('gets the cookies of a file, by a copy', async () => {
    programs.play(saves)
    const server = await open({ COOKIES_FILE: join(import.meta.dirname, '../LICENSE') })
    await server.call('download_video', { url: `${site.url}/watch/3` })
    const [call] = programs.calls()
    expect(call?.jar).toContain('MIT')
    expect(call?.args).not.toContain(join(import.meta.dirname, '../LICENSE'))
  })

  test.each([
    ['https://www.tiktok.com/@a/video/1', '.tiktok.com\tTRUE\t/\tTRUE\t0\tsessionid\tab=c\n'],
    ['https://tiktok.com.example.org/', undefined],
  ])('gets the cookies for TikTok at %s alone', (url, line) => {
    const jar = cookieJar(programs.folder, url, { tiktok: 'sessionid=ab=c; ' })
    expect(jar && readFileSync(jar, 'utf8').split('File\n')[1]).toBe(line)
  })

  test.each([
    [
      'nothing, because it is too large',
      `console.log('[download] File is larger than max-filesize (9 > 2)')`,
      /larger than the 2 MB/,
    ],
    [
      'nothing, because it is too long',
      `console.log('@duration 4000'); console.log('x does not pass filter')`,
      /4000 seconds long/,
    ],
    [
      'an error',
      `console.error('ERROR: [TikTok] 1: Video not available'); process.exit(1)`,
      /^\[TikTok\] 1: Video not available/,
    ],
    ['a file outside its folder', `console.log('@file "/etc/passwd"')`, /found no video/],
    [
      'too much, in pieces',
      `fs.writeFileSync(join(room, 'a'), Buffer.alloc(3e6)); setTimeout(() => {}, 60_000)`,
      /larger than the 2 MB/,
    ],
  ])('gives %s', async (_, code, sentence) => {
    programs.play(code)
    const server = await open()
    const { ok, text } = await server.call('download_video', { url: `${site.url}/watch/4` })
    expect([ok, text]).toEqual([false, expect.stringMatching(sentence)])
    expect(programs.files()).toEqual([])
  })

  const hangs = `
const kin = cp.spawn('sleep', ['300'], { stdio: 'ignore' })
fs.writeFileSync(join(room, 'video.part'), 'half')
fs.writeFileSync(${JSON.stringify(programs.folder)} + '/kin', String(kin.pid))
setInterval(() => {}, 1000)`
  const kin = () => Number(readFileSync(join(programs.folder, 'kin'), 'utf8'))
  const begun = () => expect.poll(() => programs.files().map(({ name }) => name)).toContain('video.part')
  const gone = async () => {
    const pids = [kin(), ...programs.calls().map(({ pid }) => pid)]
    await expect.poll(() => pids.filter(lives)).toEqual([])
  }

  test('is ended, with what it started, when it takes too long', async () => {
    programs.play(hangs)
    const server = await open({ TIME_LIMIT_SECONDS: '1.5' })
    const { text } = await server.call('download_video', { url: `${site.url}/watch/5` })
    expect(text).toBe('it took longer than 1.5 seconds and was stopped')
    await gone()
    expect(programs.files()).toEqual([])
  })

  test('is ended, with what it started, when the call is cancelled', async () => {
    programs.play(hangs)
    const server = await open()
    const stop = new AbortController()
    const call = server.call('download_video', { url: `${site.url}/watch/6` }, stop.signal).catch(() => 'cancelled')
    await begun()
    stop.abort()
    expect(await call).toBe('cancelled')
    await gone()
    await expect.poll(() => programs.files()).toEqual([])
  })

  test('is ended, with what it started, when the server is killed, and its folder is removed', async () => {
    programs.play(hangs)
    const server = await openServer('video', env)
    const call = server.call('download_video', { url: `${site.url}/watch/7` }).catch(() => 'gone')
    await begun()
    server.kill()
    await call
    await gone()
    await expect.poll(() => readdirSync(programs.videos)).toEqual([])
  })

  test('left files where the whole machine fell: the next server removes them, and only them', async () => {
    const dead = join(programs.videos, '999999999-1')
    const foreign = join(programs.videos, 'holidays')
    for (const folder of [dead, foreign]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'video.mp4'), 'half')
    }
    await open()
    expect([existsSync(dead), existsSync(foreign)]).toEqual([false, true])
    rmSync(foreign, { recursive: true })
  })
})

describe('a plain link to a video', () => {
  test('needs no yt-dlp', async () => {
    programs.play('process.exit(1)')
    const server = await open()
    const { found, progress } = await server.call('download_video', { url: `${site.url}/clip.mp4?a=b` })
    expect(found).toMatchObject({ title: 'clip.mp4', bytes: clip.length })
    expect(progress.at(-1)?.percent).toBe(100)
    expect(programs.calls()).toEqual([])
  })

  test('is fetched again by its url where its file is not there any more', async () => {
    const server = await open()
    const { ok, found } = await server.call('analyse_video', { file: 'gone', url: `${site.url}/clip.mp4`, question: 'why?' })
    expect([ok, found['title'], found['asked']]).toEqual([true, 'clip.mp4', 'why?'])
    expect((await server.call('analyse_video', { file: 'gone' })).text).toMatch(/no such file here/)
    expect((await server.call('analyse_video', {})).text).toMatch(/give either url, or file/)
  })

  test('may not be too large, even when it does not say so', async () => {
    const server = await open()
    expect((await server.call('download_video', { url: `${site.url}/big.mp4` })).text).toMatch(/larger than the 2 MB/)
    expect(programs.files()).toEqual([])
  })

  test('lies there until the server ends', async () => {
    const server = await open()
    await server.call('download_video', { url: `${site.url}/clip.mp4` })
    expect(programs.files()).toHaveLength(1)
    await server.close()
    await expect.poll(() => programs.files()).toEqual([])
  })

  test('lies there until it is too old', async () => {
    const server = await open({ VIDEO_TTL_SECONDS: '0.2' })
    const { found } = await server.call('download_video', { url: `${site.url}/clip.mp4` })
    await expect.poll(() => programs.files()).toEqual([])
    expect((await server.call('analyse_video', { file: found['id'] })).text).toMatch(/no such file here, or not any more/)
  })
})

describe('nothing is called inside', () => {
  let server: Bundled
  let proxy: Awaited<ReturnType<typeof openProxy>>
  beforeAll(async () => {
    programs.play(saves)
    server = await openServer('video', env)
    proxy = await openProxy(createGuard([site.host]))
  })
  afterAll(async () => {
    proxy.close()
    await server.close()
  })

  test.each(addressesInside(trap.port))('%s', async url => {
    const { ok, text } = await server.call('download_video', { url })
    expect([ok, text]).toEqual([false, expect.stringMatching(refusal)])
    expect([programs.calls(), trap.hits()]).toEqual([[], 0])
  })

  test('by a redirect to any of these', async () => {
    expect(await refusalsOf(addressesInside(trap.port), server, 'download_video', site.url)).toEqual([])
    expect([programs.calls(), trap.hits()]).toEqual([[], 0])
  })

  test('by names of this machine', async () => {
    for (const name of await namesInside()) {
      const { text } = await server.call('download_video', { url: `http://${name}:${trap.port}/` })
      expect(text).toMatch(/leads into a network/)
    }
    expect([programs.calls(), trap.hits()]).toEqual([[], 0])
  })

  test('but what the operator allows, at that port alone', async () => {
    expect((await server.call('download_video', { url: `${site.url}/clip.mp4?allowed` })).ok).toBe(true)
    expect((await server.call('download_video', { url: site.url.replace(/\d+$/, String(trap.port)) })).text).toMatch(refusal)
  })

  test.each(['/to-metadata', '/to-file', '/round'])('by the redirect %s', async path => {
    const before = programs.calls().length
    const { text } = await server.call('download_video', { url: site.url + path })
    if (path === '/round') return expect(programs.calls().length).toBe(before + 1) // no address inside: yt-dlp may try its luck
    expect([text, programs.calls().length]).toEqual([expect.stringContaining('is not called'), before])
  })

  test.each([
    ['inside', ['127.0.0.1']],
    ['both ways', ['93.184.215.14', '10.0.0.1']],
  ])('by a name that leads %s', async (_, addresses) => {
    const guard = createGuard([], async () => addresses.map(address => ({ address, family: 4 })))
    const call = guard.get(`http://fine.example:${site.host.split(':')[1]}/`, { signal: AbortSignal.timeout(5000) })
    await expect(call).rejects.toThrow('leads into a network')
  })

  test.each([
    [`${site.url}/clip.mp4`, 200],
    ['http://169.254.169.254/', 403],
    ['http://localhost:1/', 403],
  ])('by yt-dlp, whose proxy answers %s with %i', async (url, status) => {
    expect(await askProxy(proxy.url, 'GET', url)).toBe(status)
  })

  test.each(['169.254.169.254:443', '[::1]:443', 'localhost:443'])('by yt-dlp through a tunnel to %s', async target => {
    expect(await askProxy(proxy.url, 'CONNECT', target)).toBe(403)
    expect(proxy.refused()).toContain('is not called')
  })

  test('by others on the machine, who do not know the password of the proxy', async () => {
    const open = new URL(proxy.url)
    open.password = 'guess'
    expect(await askProxy(open.href, 'GET', `${site.url}/clip.mp4`)).toBe(407)
    expect(await askProxy(open.href, 'CONNECT', site.host)).toBe(407)
  })
})

function askProxy(proxy: string, method: 'GET' | 'CONNECT', path: string): Promise<number> {
  const { hostname, port, username, password } = new URL(proxy)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = request({ host: hostname, port, method, path, agent: false, headers: { 'proxy-authorization': authorization } })
  asked.on('response', answer => resolve(answer.resume().statusCode ?? 0))
  asked.on('connect', (answer, socket) => {
    socket.destroy()
    resolve(answer.statusCode ?? 0)
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

test('it stands alone: it says how it is used, and what is missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-alone-'))
  cpSync(join(import.meta.dirname, '../servers'), join(folder, 'servers'), { recursive: true })
  symlinkSync(join(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'))
  const program = join(folder, 'servers/video/video.ts')
  expect(execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' })).toContain('ALLOW_PRIVATE_HOSTS')
  const server = await openServer('video', { ...env, PATH: folder }, join(folder, 'servers'))
  const { tools } = await server.client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(['download_video', 'analyse_video'])
  for (const tool of ['download_video', 'analyse_video'])
    expect((await server.call(tool, { url: `${site.url}/watch/8` })).text).toContain('sh script/bootstrap --media')
  await server.close()
  rmSync(folder, { recursive: true })
})
