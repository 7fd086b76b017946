import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** What a bot is started with. */
interface Place {
  telegramUrl: string
  openaiUrl: string
  dir: string
  socket: string
  toolMs: number
}

export interface Program {
  script: string
  env: Record<string, string>
  /** What it writes to standard output once it is ready. */
  ready: string
}

/** How a bot is made. Its programs are started one after the other. */
export type Recipe = (place: Place) => Program[]

const token = '4711:bench'
const atOnce = '64'

/** Bellhop as an operator starts it with a gateway and a worker; `more` is added to its environment. */
export const bellhop =
  (more: Record<string, string> = {}, roles = ['gateway', 'worker']): Recipe =>
  ({ telegramUrl, openaiUrl, dir, toolMs }) => {
    const config = join(dir, 'servers.json')
    const args = [join(root, 'bench/echo-server.ts'), `${toolMs}`]
    writeFileSync(config, JSON.stringify({ mcpServers: { bench: { command: process.execPath, args } } }))
    const env = {
      DATA_DIR: dir,
      TELEGRAM_TOKEN: token,
      TELEGRAM_API_ROOT: telegramUrl,
      OPENAI_BASE_URL: openaiUrl,
      OPENAI_API_KEY: 'bench',
      SERVERS_CONFIG: config,
      CONCURRENCY: atOnce,
      PORT: '0',
      NODE_OPTIONS: `--import ${join(root, 'bench/unpaced.ts')}`,
      ...more,
    }
    return roles.map(role => ({ script: 'src/main.ts', env: { ...env, ROLE: role }, ready: 'Bellhop is up' }))
  }

/** The same work with libraries alone: nothing is kept that could be lost, nobody is turned away, nothing is rendered. */
export const libraries =
  (kind: 'libs' | 'tuned'): Recipe =>
  ({ telegramUrl, openaiUrl, socket, toolMs }) => {
    const env = {
      TELEGRAM_TOKEN: token,
      TELEGRAM_API_ROOT: telegramUrl,
      OPENAI_BASE_URL: openaiUrl,
      REDIS_SOCKET: socket,
      CONCURRENCY: atOnce,
      TOOL_MS: `${toolMs}`,
      KIND: kind,
    }
    return ['gateway', 'worker'].map(role => ({ script: `bench/peers/${role}.ts`, env, ready: 'ready' }))
  }

/** One process of one program, which is given the same environment as those of `libraries`. */
export const single =
  (script: string): Recipe =>
  place =>
    libraries('libs')(place)
      .slice(0, 1)
      .map(program => ({ ...program, script }))
