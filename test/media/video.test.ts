import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findProgram } from '../../servers/video/programs.ts'
import { type Bundled, type Called, lives, openServer, openSite } from '../video-rig.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellhop-clips-'))
const videos = join(folder, 'videos')
const clip = join(folder, 'clip.mp4')
let heard: { path: string; model: string; bytes: number } | undefined

const site = await openSite((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site')
  const file = join(folder, pathname)
  if (pathname === '/page')
    response.setHeader('content-type', 'text/html').end('<title>My cat</title><video src="/clip.mp4"></video>')
  else if (pathname === '/inward')
    response.setHeader('content-type', 'text/html').end('<video src="http://localhost:1/a.mp4"></video>')
  else if (pathname === '/slow.mp4') {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 10_000_000 }).write(Buffer.alloc(50_000))
  } else if (pathname === '/slow-page')
    response.setHeader('content-type', 'text/html').end('<video src="/slow-bytes.mp4"></video>')
  else if (pathname === '/slow-bytes.mp4') {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 10_000_000 })
    if (request.method === 'HEAD') response.end()
    else response.write(Buffer.alloc(3_000_000, readFileSync(clip)))
  } else if (pathname === '/v1/audio/transcriptions') {
    void new Response(request, { headers: { 'content-type': request.headers['content-type'] ?? '' } }).formData().then(form => {
      const sound = form.get('file')
      heard = { path: pathname, model: String(form.get('model')), bytes: sound instanceof Blob ? sound.size : 0 }
      response.end(JSON.stringify({ text: 'Hello from the cat.' }))
    })
  } else response.writeHead(200, { 'content-type': 'video/mp4' }).end(readFileSync(file))
})

const env = { VIDEO_DIR: videos, ALLOW_PRIVATE_HOSTS: site.host, MAX_SECONDS: '20' }
let server: Bundled
beforeAll(async () => {
  mkdirSync(videos)
  const make = (name: string, ...args: string[]) =>
    execFileSync(findProgram('ffmpeg'), [
      '-v',
      'error',
      '-y',
      ...args,
      '-pix_fmt',
      'yuv420p',
      '-preset',
      'ultrafast',
      join(folder, name),
    ])
  const test = [
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=640x360:rate=25:duration=3',
    '-f',
    'lavfi',
    '-i',
    'color=c=navy:size=640x360:rate=25:duration=3',
  ]
  const join2 = ['-filter_complex', '[0:v][1:v]concat=n=2:v=1[v]', '-map', '[v]']
  make('clip.mp4', ...test, '-f', 'lavfi', '-i', 'sine=frequency=440:duration=6', ...join2, '-map', '2:a', '-shortest')
  make('mute.mp4', '-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=10:duration=1')
  make('long.mp4', '-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=1:duration=30')
  writeFileSync(join(folder, 'secret.txt'), 'a secret of this machine')
  const list = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://${folder}/clip.mp4\n#EXT-X-ENDLIST\n`
  writeFileSync(join(folder, 'sly.mp4'), list)
  writeFileSync(join(folder, 'concat.mp4'), `ffconcat version 1.0\nfile ${folder}/clip.mp4\n`)
  copyFileSync(join(folder, 'secret.txt'), join(folder, 'text.mp4'))
  server = await openServer('video', env)
})
afterAll(async () => {
  await server.close()
  site.close()
  rmSync(folder, { recursive: true, force: true })
})

const pictures = ({ content }: Called) => content.filter(block => block.type === 'image')
const files = () => globSync('**/*', { cwd: videos, withFileTypes: true }).filter(entry => entry.isFile())

test('a page is downloaded by yt-dlp, with its percent', async () => {
  const { ok, found, progress } = await server.call('download_video', { url: `${site.url}/page` })
  expect([ok, found['seconds'], found['width'], found['height']]).toEqual([true, 6, 640, 360])
  expect(found['title']).toContain('My cat')
  expect(progress.at(-1)).toEqual({ percent: 100, message: 'downloading' })
  expect(progress.length).toBeGreaterThan(1)
})

test('a video is measured, and shown as one sheet and four frames', async () => {
  const seen = await server.call('analyse_video', { url: `${site.url}/clip.mp4`, question: 'what is blue?' })
  expect(seen.found).toMatchObject({ seconds: 6, width: 640, height: 360, fps: 25, video_codec: 'h264', audio_codec: 'aac' })
  expect(seen.found['scene_changes']).toEqual([3])
  expect(Number(seen.found['loudness_lufs'])).toBeLessThan(-10)
  expect(Number(seen.found['peak_dbfs'])).toBeLessThan(0)
  expect(seen.found['transcript_missing']).toContain('TRANSCRIBE_MODEL')
  expect(seen.text).toContain('what is blue?')
  const [sheet, ...frames] = pictures(seen)
  expect(frames).toHaveLength(4)
  expect(sheet).toMatchObject({ mimeType: 'image/jpeg', annotations: { audience: ['user', 'assistant'] } })
  for (const { data } of [sheet, ...frames].filter(block => block !== undefined)) {
    const jpeg = Buffer.from(data, 'base64')
    expect([jpeg.subarray(0, 3).toString('hex'), jpeg.length < 1_000_000]).toEqual(['ffd8ff', true])
  }
  const phases = seen.progress.map(({ message }) => message)
  expect([...new Set(phases)]).toEqual([
    'downloading',
    ...['format', 'scenes and sound', 'frames'].map(phase => `analysing… ${phase}`),
  ])
  const percents = seen.progress.map(({ percent }) => percent)
  expect(percents).toEqual(percents.toSorted((a, b) => a - b))
})

test('what was downloaded is looked at by its id, and nothing else is', async () => {
  const { found } = await server.call('download_video', { url: `${site.url}/mute.mp4` })
  const seen = await server.call('analyse_video', { file: found['id'] })
  expect([seen.found['id'], seen.found['transcript_missing']]).toEqual([found['id'], 'it has no sound'])
  for (const file of [clip, '/etc/passwd', '../clip.mp4', join(folder, 'secret.txt')])
    expect((await server.call('analyse_video', { file })).text).toContain('no such file here')
})

test.each(['sly.mp4', 'concat.mp4', 'text.mp4'])('%s, which only calls itself a video, is not opened', async name => {
  const { ok, text } = await server.call('analyse_video', { url: `${site.url}/${name}` })
  expect([ok, text]).toEqual([false, 'the file is no video that ffmpeg can read'])
})

test('a video that is too long is not kept', async () => {
  const before = files().length
  expect((await server.call('download_video', { url: `${site.url}/long.mp4` })).text).toMatch(
    /30 seconds long, and 20 are allowed/,
  )
  expect(files()).toHaveLength(before)
})

test('a page that leads yt-dlp inside is refused', async () => {
  expect((await server.call('download_video', { url: `${site.url}/inward` })).text).toContain('is not called')
})

test('what is said is written down by the endpoint', async () => {
  const more = { TRANSCRIBE_MODEL: 'whisper-1', OPENAI_BASE_URL: `${site.url}/v1`, VIDEO_DIR: join(folder, 'heard') }
  const hearing = await openServer('video', { ...env, ...more })
  const { found, progress } = await hearing.call('analyse_video', { url: `${site.url}/clip.mp4` })
  await hearing.close()
  expect(found['transcript']).toBe('Hello from the cat.')
  expect(heard).toEqual({ path: '/v1/audio/transcriptions', model: 'whisper-1', bytes: expect.any(Number) })
  expect(heard?.bytes).toBeGreaterThan(10_000)
  expect(progress.map(({ message }) => message)).toContain('analysing… speech')
})

test.each([
  ['the server is killed', '/slow.mp4'],
  ['the server is killed', '/slow-page'],
  ['its client is killed', '/slow.mp4'],
  ['its client is killed', '/slow-page'],
])('%s amid %s, five times: no process and no file is left', async (what, path) => {
  const rounds = [1, 2, 3, 4, 5].map(async round => {
    const home = mkdtempSync(join(folder, `killed-${round}-`))
    const kill = await (what === 'the server is killed' ? beginHere : beginElsewhere)(
      { ...env, VIDEO_DIR: home },
      site.url + path,
    )
    await expect.poll(() => filesIn(home).length, { timeout: 30_000 }).toBeGreaterThan(0)
    expect(processesOf(home).length).toBeGreaterThan(1)
    kill()
    await expect.poll(() => [processesOf(home), readdirSync(home)]).toEqual([[], []])
  })
  await Promise.all(rounds)
})

async function beginHere(own: Record<string, string>, url: string): Promise<() => void> {
  const doomed = await openServer('video', own)
  void doomed.call('download_video', { url }).catch(() => 'gone')
  return doomed.kill
}

/** With a client in a process of its own. */
async function beginElsewhere(own: Record<string, string>, url: string): Promise<() => void> {
  const client = `import { openServer } from ${JSON.stringify(join(import.meta.dirname, '../video-rig.ts'))}
const server = await openServer('video', ${JSON.stringify(own)})
await server.call('download_video', { url: ${JSON.stringify(url)} })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', client], { stdio: 'ignore' })
  return () => child.kill('SIGKILL')
}

const filesIn = (home: string) => globSync('**/*', { cwd: home, withFileTypes: true }).filter(entry => entry.isFile())

/** Whoever was told of this folder, as argument or in the environment. The client was told in its program. */
function processesOf(home: string): number[] {
  const told = (pid: number) =>
    ['cmdline', 'environ'].some(file => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(home)
      } catch {
        return false
      }
    })
  return globSync('/proc/[0-9]*')
    .map(path => Number(path.slice(6)))
    .filter(pid => told(pid) && lives(pid))
}
