import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../src/log.ts'
import { openRedis, type RedisHouse } from '../src/redis/redis.ts'
import { endProcess } from './end-process.ts'
import { childrenOf, cpuMs } from './proc.ts'
import type { Program, Recipe } from './recipes.ts'
import type { Drive, Order } from './wires/drive.ts'
import { openWires } from './wires/open-wires.ts'

const root = join(import.meta.dirname, '..')

/** A bot as processes of its own, with the platform and the model it speaks with, and a Redis that nobody else uses. */
export interface Composition {
  name: string
  /** Of the bot, in the order of its programs. Neither Redis nor tool servers are in it. */
  pids: number[]
  redisPid: number
  /** The same Redis, to be filled before and looked into afterwards. */
  redis: RedisHouse['redis']
  toolPids(): number[]
  /** What Redis was asked since this was asked last. */
  redisWork(): Promise<RedisWork>
  /** From the start of its programs until all were ready, in milliseconds. */
  readyMs: number
  drive(order: Order): Promise<Drive>
  /** A short turn of somebody else, while one takes two seconds. */
  driveBeside(): Promise<Drive>
  close(): Promise<void>
}

export interface RedisWork {
  /** Scripts are most trips of a turn; what they call themselves is counted by Redis like any other command, and would hide them. */
  scripts: number
  /** Sent to it. */
  kilobytes: number
}

export interface Wanted {
  /** Milliseconds that the tool takes. */
  toolMs?: number
  nodeOptions?: string
  env?: Record<string, string>
}

const open = new Set<() => Promise<void>>()

/** Ends everything that is open, for a program that has to leave. */
export const closeAll = () => Promise.allSettled([...open].map(close => close()))

/** Starts everything, and waits until it is ready. Nothing of it is left behind when it fails. */
export async function openComposition(
  name: string,
  recipe: Recipe,
  { toolMs = 0, nodeOptions = '', env: more = {} }: Wanted = {},
): Promise<Composition> {
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
    open.delete(close)
  }
  open.add(close)
  try {
    const dir = mkdtempSync(join(tmpdir(), 'bellhop-bench-'))
    closers.push(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
    const redis = await openRedis({ root, dir: join(dir, 'redis'), path: process.env['PATH'] ?? '', log: silentLog })
    closers.push(() => redis.close())
    const wires = await openWires()
    closers.push(wires.close)
    const redisPid = Number(/process_id:(\d+)/.exec(await redis.redis.info('server'))?.[1])
    const began = performance.now()
    const running: ChildProcess[] = []
    for (const program of recipe({ ...wires, dir, socket: join(dir, 'redis/redis.sock'), toolMs })) {
      const env = { ...program.env, ...more, NODE_OPTIONS: `${program.env['NODE_OPTIONS'] ?? ''} ${nodeOptions}`.trim() }
      const child = start({ ...program, env }, join(dir, `${running.length}.log`))
      closers.push(() => endProcess(child.process))
      running.push(child.process)
      await child.isReady
    }
    const pids = running.map(({ pid }) => pid ?? 0)
    const readyMs = performance.now() - began
    const redisWork = () => takeWork(redis.redis)
    return {
      name,
      pids,
      redisPid,
      redis: redis.redis,
      readyMs,
      toolPids: () => pids.flatMap(childrenOf),
      redisWork,
      ...wires,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function takeWork(redis: RedisHouse['redis']): Promise<RedisWork> {
  const [stats, network] = [await redis.info('commandstats'), await redis.info('stats')]
  await redis.config('RESETSTAT')
  const calls = (command: string) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  return {
    scripts: calls('eval') + calls('evalsha'),
    kilobytes: Number(/total_net_input_bytes:(\d+)/.exec(network)?.[1]) / 1000,
  }
}

/** What it logs goes to a file, as a service manager would have it. */
function start({ script, env, ready }: Program, logFile: string): { process: ChildProcess; isReady: Promise<void> } {
  const { PATH = '', HOME = '' } = process.env
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, [join(root, script)], {
    env: { PATH, HOME, NODE_COMPILE_CACHE: join(root, '.runtime/compile-cache'), ...env }, // as `npm start` has it
    cwd: root,
    stdio: ['ignore', 'pipe', log],
  })
  closeSync(log)
  let output = ''
  const isReady = new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes(ready)) resolve()
    })
    child.once('exit', code => reject(new Error(`${script} ended with ${code}:\n${output}${readFileSync(logFile, 'utf8')}`)))
  })
  isReady.catch(() => {}) // told to who waits, and to nobody once it was ready
  return { process: child, isReady }
}

/** A drive with what it cost the bot's own processes, from the first message on until what follows the last turn was done. */
export async function driveAndCount(composition: Composition, order: Order): Promise<Drive & { botMs: number; restMs: number }> {
  const rest = [composition.redisPid, ...composition.toolPids()]
  const before = [cpuMs(composition.pids), cpuMs(rest)] as const
  const drive = await composition.drive(order)
  await sleep(settleMs)
  return { ...drive, botMs: cpuMs(composition.pids) - before[0], restMs: cpuMs(rest) - before[1] }
}

/** Ends of turns that follow the last edit, such as the removal of their journal. */
const settleMs = 100
