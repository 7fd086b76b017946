import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { type Ended, run } from '../child.ts'
import { environmentIn, findProgram } from './programs.ts'

export interface Limits {
  mostMb: number
  mostSeconds: number
  /** For one download or one look at a video. */
  timeoutMs: number
}

export interface Cookies {
  /** A file of cookies as browsers export it (Netscape). */
  file?: string
  /** As a browser sends them to TikTok: `a=b; c=d`. */
  tiktok?: string
}

export interface Fetched {
  file: string
  title: string
}

export interface Errand {
  url: string
  room: string
  proxy: string
  limits: Limits
  cookies: Cookies
  signal: AbortSignal
  /** Of what is to be had, between 0 and 1; told again and again. */
  onProgress: (share: number) => void
}

let version: Promise<string> | undefined

/** Downloads by yt-dlp into `room`. Throws in the words of yt-dlp's last error, or with the limit that was passed. */
export async function fetchByYtDlp(errand: Errand): Promise<Fetched> {
  const { room, proxy, limits, signal } = errand
  const program = findProgram('yt-dlp')
  // Not among the arguments, which everybody on the machine can read.
  const env = { ...environmentIn(room), http_proxy: proxy, https_proxy: proxy }
  version ??= askVersion(program, room)
  const told: Record<string, string> = {}
  const tooMuch = new AbortController()
  const watch = setInterval(() => {
    if (bytesIn(room) > limits.mostMb * 1_000_000) tooMuch.abort(new Error(sizeSentence(limits)))
  }, 250)
  const onLine = (line: string) => {
    const [, name, value] = /^@(\w+) (.*)$/.exec(line) ?? []
    if (name === 'progress') errand.onProgress(shareOf(value ?? ''))
    else if (name !== undefined) told[name] = textOf(value ?? '')
  }
  try {
    const args = argumentsFor(errand, (await version) >= '2025.11.12')
    const ended = await run({
      program,
      args,
      cwd: room,
      env,
      signal: AbortSignal.any([signal, tooMuch.signal]),
      timeoutMs: limits.timeoutMs,
      keepBytes: 200_000,
      onLine,
    })
    return outcome(ended, told, errand)
  } finally {
    clearInterval(watch)
  }
}

/** It answers with a date, such as 2025.11.12; an empty one counts as old. */
async function askVersion(program: string, room: string): Promise<string> {
  const signal = AbortSignal.timeout(30_000)
  const order = { program, args: ['--version'], cwd: room, env: environmentIn(room), signal, timeoutMs: 20_000, keepBytes: 200 }
  const { code, stdout } = await run(order).catch(() => ({ code: 1, stdout: '' }))
  if (code !== 0) version = undefined
  return stdout.trim()
}

function argumentsFor({ url, room, limits, cookies }: Errand, takesRuntime: boolean): string[] {
  const progress = '@progress %(progress.downloaded_bytes)s %(progress.total_bytes)s %(progress.total_bytes_estimate)s'
  const jar = cookieJar(room, url, cookies)
  return [
    ...['--ignore-config', '--no-playlist', '--no-cache-dir', '--no-part', '--no-mtime', '--no-simulate'],
    ...['--socket-timeout', '20', '--retries', '3'],
    ...['--max-filesize', `${limits.mostMb}M`, '--match-filters', `!is_live & duration<=?${limits.mostSeconds}`],
    ...formatArguments(),
    ...['--paths', room, '--output', 'video.%(ext)s'],
    ...['--progress', '--newline', '--progress-template', `download:${progress}`],
    ...['--print', 'after_move:@file %(filepath)j', '--print', 'after_move:@title %(title)j'],
    ...['--print', 'video:@duration %(duration)j'],
    ...(jar ? ['--cookies', jar] : []),
    // Without a JavaScript runtime it has no formats of YouTube from this version on.
    ...(takesRuntime ? ['--js-runtimes', `node:${process.execPath}`] : []),
    '--',
    url,
  ]
}

/** Picture and sound that come apart are put together by ffmpeg; without it only what comes whole will do. */
function formatArguments(): string[] {
  const sort = ['--format-sort', 'res:720,ext:mp4:m4a']
  try {
    return [...sort, '--ffmpeg-location', dirname(findProgram('ffmpeg'))]
  } catch {
    return [...sort, '--format', 'b']
  }
}

/** The path of a copy: yt-dlp writes into it. It is removed with the room. */
export function cookieJar(room: string, url: string, { file, tiktok }: Cookies): string | undefined {
  const jar = join(room, 'cookies.txt')
  if (tiktok && isTikTok(url)) {
    const lines = tiktok.split(/;\s*/).flatMap(pair => {
      const at = pair.indexOf('=')
      return at > 0 ? [['.tiktok.com', 'TRUE', '/', 'TRUE', '0', pair.slice(0, at), pair.slice(at + 1)].join('\t')] : []
    })
    writeFileSync(jar, `# Netscape HTTP Cookie File\n${lines.join('\n')}\n`, { mode: 0o600 })
    return jar
  }
  if (!file) return undefined
  if (!existsSync(file)) throw new Error('the file of COOKIES_FILE does not exist: the operator has to mend that')
  copyFileSync(file, jar)
  return jar
}

function isTikTok(url: string): boolean {
  return /(^|\.)tiktok\.com$/i.test(new URL(url).hostname)
}

/** `downloaded total estimate`, each a number or `NA`. */
function shareOf(line: string): number {
  const [done = 0, total = 0, estimate = 0] = line.split(' ').map(word => Number(word) || 0)
  const whole = total || estimate
  return whole > 0 ? Math.min(1, done / whole) : 0
}

function textOf(json: string): string {
  try {
    return String(JSON.parse(json))
  } catch {
    return ''
  }
}

/** It ends well, without a file, when a limit kept it from downloading. */
function outcome(ended: Ended, told: Record<string, string>, { room, limits }: Errand): Fetched {
  if (ended.stopped === 'time') throw new Error(`it took longer than ${limits.timeoutMs / 1000} seconds and was stopped`)
  const { file, title = '' } = told
  if (file?.startsWith(room + sep) && existsSync(file)) return { file, title }
  const said = `${ended.stderr}\n${ended.stdout}`
  if (/larger than max-filesize/i.test(said)) throw new Error(sizeSentence(limits))
  const seconds = Number(told['duration'])
  if (seconds > limits.mostSeconds)
    throw new Error(`the video is ${Math.round(seconds)} seconds long, and ${limits.mostSeconds} are allowed here`)
  if (/does not pass filter/.test(said))
    throw new Error(`it is live, or longer than the ${limits.mostSeconds} seconds allowed here`)
  const error = said
    .match(/^ERROR: .*$/gm)
    ?.at(-1)
    ?.slice(7, 400)
  throw new Error(error ?? `yt-dlp found no video there (it ended with ${ended.code})`)
}

export function sizeSentence({ mostMb }: Limits): string {
  return `the video is larger than the ${mostMb} MB allowed here`
}

function bytesIn(room: string): number {
  try {
    return readdirSync(room).reduce((sum, name) => sum + (statSync(join(room, name), { throwIfNoEntry: false })?.size ?? 0), 0)
  } catch {
    return 0
  }
}
