import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Finding } from '../adapter.ts'
import type { Config } from '../config/config.ts'
import { reason } from '../log.ts'

/** As in package.json. */
const oldestNode = 24

export function checkNode(version: string): Finding {
  const about = 'Node'
  if (Number.parseInt(version, 10) >= oldestNode) return { state: 'good', about, found: version }
  return {
    state: 'broken',
    about,
    found: `${version} is too old`,
    fix: `take Node ${oldestNode} or later: npm start brings its own`,
  }
}

const gigabyte = 1_000_000_000

/** Writes a file into it and takes it away again. */
export function checkDataFolder(dir: string): Finding[] {
  const about = 'DATA_DIR'
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const trial = mkdtempSync(join(dir, '.doctor-'))
    writeFileSync(join(trial, 'file'), 'ok')
    rmSync(trial, { recursive: true })
    const { bavail, bsize } = statfsSync(dir)
    const free = (bavail * bsize) / gigabyte
    const fix = 'make room: a full disk stops Redis, and with it the bot'
    if (free < 0.2) return [{ state: 'broken', about, found: `only ${(free * 1000).toFixed(0)} MB are free at ${dir}`, fix }]
    if (free < 1) return [{ state: 'doubtful', about, found: `only ${(free * 1000).toFixed(0)} MB are free at ${dir}`, fix }]
    return [{ state: 'good', about, found: `${dir} can be written to, ${free.toFixed(0)} GB are free` }]
  } catch (error) {
    const fix = 'set it to a folder that this user may write to'
    return [{ state: 'broken', about, found: `${dir} cannot be written to (${reason(error)})`, fix }]
  }
}

/** Whether the web door can be opened, or is open already. */
export async function checkPort({ host, port }: Config['web']): Promise<Finding> {
  const about = 'PORT'
  if (port === 0) return { state: 'good', about, found: 'any free one is taken' }
  const refusal = await tryListening(host, port)
  if (!refusal) return { state: 'good', about, found: `${port} on ${host} is free` }
  if (refusal === 'EADDRINUSE' && (await isOurs(host, port)))
    return { state: 'good', about, found: `${port} on ${host} is held by a Bellhop that runs` }
  if (refusal === 'EADDRINUSE')
    return { state: 'broken', about, found: `${port} on ${host} is in use by another program`, fix: 'stop it, or set PORT' }
  return {
    state: 'broken',
    about,
    found: `${port} on ${host} cannot be listened on (${refusal})`,
    fix: 'set HOST and PORT to others',
  }
}

function tryListening(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const server = createServer()
  server.on('error', error => resolve('code' in error ? String(error.code) : error.message))
  server.listen(port, host, () => server.close(() => resolve(undefined)))
  return promise
}

async function isOurs(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  try {
    const response = await fetch(`http://${name}:${port}/health`, { signal: AbortSignal.timeout(3000) })
    const said: unknown = await response.json()
    return typeof said === 'object' && said !== null && 'status' in said && 'queue' in said
  } catch {
    return false // whatever is there, it is no Bellhop
  }
}

const run = promisify(execFile)
/** From then on YouTube answers; it changes what it wants every few months. */
const freshYtDlp = '2025.11.12'

/** Only where the video server is connected, who alone uses them. */
export async function checkPrograms({ servers, searchPath }: Config, root: string): Promise<Finding[]> {
  const usesVideo = servers.servers.some(
    ({ transport }) => transport.kind === 'stdio' && transport.args.some(arg => arg.endsWith('servers/video/video.ts')),
  )
  if (!usesVideo) return []
  const folders = [...searchPath.split(delimiter), join(root, '.runtime', 'bin')].filter(folder => folder !== '')
  return Promise.all(
    [
      { name: 'ffmpeg', flag: '-version' },
      { name: 'yt-dlp', flag: '--version' },
    ].map(program => ofProgram(program, folders)),
  )
}

async function ofProgram({ name, flag }: { name: string; flag: string }, folders: string[]): Promise<Finding> {
  const path = folders.map(folder => join(folder, name)).find(isExecutable)
  const fix = 'run sh script/bootstrap --media, or install it'
  if (path === undefined) return { state: 'doubtful', about: name, found: 'is not installed: the video tools cannot work', fix }
  try {
    const { stdout } = await run(path, [flag], { timeout: 20_000 })
    const version = /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'of an unknown version'
    if (name === 'yt-dlp' && version < freshYtDlp)
      return {
        state: 'doubtful',
        about: name,
        found: `${version} is too old for YouTube and some others`,
        fix: "pipx install 'yt-dlp[default]', and renew it now and then",
      }
    return { state: 'good', about: name, found: version }
  } catch (error) {
    return { state: 'broken', about: name, found: `${path} does not run (${reason(error).split('\n')[0]})`, fix }
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false // not there: the next folder may have it
  }
}

/** A Date header is cut to its second, and has been under way for a moment. */
const usualMs = 5000
/** Certificates and signatures are believed for minutes around their time. */
const brokenMs = 120_000

/** `aheadMs`: what the servers say that were asked anyway. */
export function checkClock(aheadMs: number[]): Finding[] {
  const [ahead] = aheadMs.toSorted((a, b) => Math.abs(a) - Math.abs(b))
  if (ahead === undefined) return []
  const off = `${Math.abs(Math.round(ahead / 1000))} s ${ahead > 0 ? 'ahead' : 'behind'}`
  const about = 'Clock'
  const fix = 'switch on time synchronisation (timedatectl set-ntp true)'
  if (Math.abs(ahead) <= usualMs) return [{ state: 'good', about, found: 'is right' }]
  return [{ state: Math.abs(ahead) > brokenMs ? 'broken' : 'doubtful', about, found: `is ${off}`, fix }]
}
