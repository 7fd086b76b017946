import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A Redis that keeps its data when it is killed. */
export interface ChaosRedis {
  url: string
  readonly isUp: boolean
  /** When it came up last, in milliseconds since 1970. */
  readonly upSince: number
  start(): Promise<void>
  kill(): Promise<void>
  /** At once, and for the last time. */
  end(): void
}

const program = join(import.meta.dirname, '../../.runtime/bin/redis-server')

export async function createRedis(folder: string): Promise<ChaosRedis> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  let server: ChildProcess | undefined
  let ended = false
  let isUp = false
  let upSince = 0
  return {
    url: `redis://127.0.0.1:${port}`,
    get isUp() {
      return isUp
    },
    get upSince() {
      return upSince
    },
    async start() {
      if (server || ended) return
      server = spawn(existsSync(program) ? program : 'redis-server', settingsOf(folder, port), {
        stdio: 'ignore',
        detached: true,
      })
      for (let tries = 0; !(await answers(port)); tries++) {
        if (tries === 100 || server.exitCode !== null)
          throw new Error(`Redis does not come up: ${join(folder, 'redis.log')} says why`)
        await sleep(50)
      }
      isUp = true
      upSince = Date.now()
    },
    async kill() {
      isUp = false
      const dying = server
      server = undefined
      if (dying?.kill('SIGKILL')) await once(dying, 'exit')
    },
    end() {
      ended = true
      server?.kill('SIGKILL')
    },
  }
}

/** As the house's own: every write is in the file before it is confirmed, though not yet on the disk. */
function settingsOf(folder: string, port: number): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    loglevel: 'notice',
    logfile: join(folder, 'redis.log'),
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

/** Below the ports from which systems take those of outgoing connections: it must still be free after a restart. */
async function freePort(): Promise<number> {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer()
    const free = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise(resolve => server.close(resolve))
    return port
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (ok: boolean) => {
      socket.destroy()
      resolve(ok)
    }
    socket.setTimeout(1000, () => end(false))
    socket.on('error', () => end(false))
    socket.on('data', data => end(data.toString().startsWith('+PONG')))
  })
}
