import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError } from '../errors.ts'
import { reason } from '../log.ts'
import { alone } from './start-lock.ts'

const programs = ['redis-server', 'valkey-server']
const usualFolders = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

export interface EmbeddedPlace {
  /** Of the project: `.runtime/bin` below it is looked at first. */
  root: string
  /** Where the socket, the append-only file and the server's log lie. */
  dir: string
  /** The PATH. */
  path: string
  /** How long a server may take until it listens, in milliseconds; reading its data may take longer. */
  patienceMs?: number
}

/**
 * A Redis of the house's own: no TCP port, one unix socket, every write in an append-only file. Resolves with the socket's path once it
 * answers, which it does when it has read its data; one that already runs there is shared. Throws ConfigError when there is no program to start, or it does not come up.
 */
export async function startEmbeddedRedis({ root, dir: folder, path, patienceMs = 10_000 }: EmbeddedPlace): Promise<string> {
  const dir = resolve(folder)
  const socket = socketPath(dir)
  if (await isUp(socket)) return socket
  makeFolder(dir)
  return alone(dir, async () => {
    if (await isUp(socket)) return socket // another process was first
    const program = findProgram(root, path)
    if (!program)
      throw new ConfigError(
        'No redis-server or valkey-server was found: run script/bootstrap, which says how to get one, or set REDIS_URL',
      )
    const child = spawn(program, serverArguments(dir, socket), { stdio: 'ignore', detached: true }) // its own group: Ctrl-C must not take it before the workers
    await comesUp(child, socket, patienceMs, `${program} did not come up: ${join(dir, 'redis.log')} says why`)
    child.unref()
    return socket
  })
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    accessSync(dir, constants.W_OK)
  } catch (error) {
    throw new ConfigError(`DATA_DIR cannot be used (${reason(error)}): it must be a folder that this user may write to`)
  }
}

function findProgram(root: string, path: string): string | undefined {
  const folders = [join(root, '.runtime', 'bin'), ...path.split(delimiter), ...usualFolders]
  return programs.flatMap(program => folders.map(folder => join(folder, program))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false // not there: the next folder may have it
  }
}

/** A socket's path has at most 103 bytes on macOS and 107 on Linux (sockaddr_un), so a long folder gets a short name in tmp. */
function socketPath(dir: string): string {
  const own = join(dir, 'redis.sock')
  if (Buffer.byteLength(own) <= 100) return own
  return join(tmpdir(), `redis-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}.sock`)
}

function serverArguments(dir: string, socket: string): string[] {
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    loglevel: 'warning',
    logfile: join(dir, 'redis.log'),
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

async function comesUp(child: ChildProcess, socket: string, patienceMs: number, failure: string): Promise<void> {
  let dead = false
  child.once('exit', () => (dead = true))
  child.once('error', () => (dead = true))
  const until = Date.now() + patienceMs
  for (let wait = 5; !(await isUp(socket)); wait = Math.min(wait * 2, 100)) {
    if (dead || Date.now() > until) {
      child.kill('SIGKILL') // the next one would write to the same file
      throw new ConfigError(failure)
    }
    await sleep(wait)
  }
}

/** Whether a server answers there; waits for one that still reads its data. */
async function isUp(socket: string): Promise<boolean> {
  for (;;) {
    const said = await ping(socket)
    if (!said.startsWith('-LOADING')) return said.startsWith('+PONG')
    await sleep(loadingPauseMs)
  }
}

const loadingPauseMs = 100

/** What it says, or nothing. */
function ping(path: string): Promise<string> {
  return new Promise(done => {
    const socket = createConnection(path, () => socket.write('PING\r\n'))
    const end = (said: string) => {
      socket.destroy()
      done(said)
    }
    socket.setTimeout(1000, () => end(''))
    socket.on('error', () => end(''))
    socket.on('data', data => end(data.toString()))
  })
}
