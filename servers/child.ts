import { spawn } from 'node:child_process'

/** A program that is run to its end, with everything that it starts. */
export interface Order {
  program: string
  args: string[]
  cwd: string
  /** The whole environment: nothing of ours is handed down. */
  env: Record<string, string>
  signal: AbortSignal
  timeoutMs: number
  /** Of each stream that much is kept; `endOnFlood` ends the program there. */
  keepBytes: number
  endOnFlood?: boolean
  /** Each line of both streams, as it comes; a carriage return ends one too. */
  onLine?: (line: string) => void
}

export interface Ended {
  code: number
  stdout: string
  stderr: string
  /** Why it was ended, when it did not end by itself. */
  stopped?: 'time' | 'output'
}

/**
 * A shell leads the process group and holds our pipe: when we die, even by SIGKILL, the pipe closes and the group is killed. The order is
 * handed over as arguments and never read by the shell, which runs nothing but that: PATH may lead nowhere.
 */
const keeper = 'exec 3<&0; (read -r _ <&3; kill -9 -$$) >/dev/null 2>&1 & exec 3<&-; "$@" </dev/null; exit $?'

/** What has made a session of its own lives on, and may hold our pipes as long as it likes: after this it is heard no more. */
const leftBehindMs = 1000

const running = new Set<number>()

/** Rejects with the signal's reason when it is aborted, after the whole group was killed. */
export async function run(order: Order): Promise<Ended> {
  order.signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const child = spawn('/bin/sh', ['-c', keeper, 'sh', order.program, ...order.args], {
    cwd: order.cwd,
    env: order.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  let stopped: Ended['stopped']
  const end = (why?: Ended['stopped']) => {
    stopped ??= why
    if (pid !== undefined) killGroup(pid)
  }
  const onAbort = () => end()
  const timer = setTimeout(() => end('time'), order.timeoutMs)
  order.signal.addEventListener('abort', onAbort)
  const stdout = gather(child.stdout, order, () => end('output'))
  const stderr = gather(child.stderr, order, () => end('output'))
  child.stdin.on('error', () => {}) // it is only held
  child.once('error', reject)
  child.once('exit', () => {
    child.stdin.destroy() // what the program left behind is killed by the keeper
    const letGo = setTimeout(() => [child.stdout, child.stderr].forEach(stream => void stream.destroy()), leftBehindMs)
    child.once('close', () => clearTimeout(letGo))
  })
  child.once('close', code => {
    clearTimeout(timer)
    order.signal.removeEventListener('abort', onAbort)
    if (pid !== undefined) running.delete(pid)
    if (order.signal.aborted) reject(order.signal.reason)
    else resolve({ code: code ?? 137, stdout: stdout(), stderr: stderr(), ...(stopped && { stopped }) })
  })
  return promise
}

/** Waits for our end, by the pipe that closes, then removes the folder; what is being killed meanwhile may still write into it. */
const sweep = 'read -r _; for n in 1 2 3 4 5; do rm -rf "$1"; sleep 0.2; done; rm -rf "$1"'

/** Removes a folder once our process has ended, even by SIGKILL. */
export function sweepAfterUs(folder: string): void {
  const env = { PATH: '/usr/bin:/bin' }
  const child = spawn('/bin/sh', ['-c', sweep, 'sh', folder], { detached: true, env, stdio: ['pipe', 'ignore', 'ignore'] })
  child.on('error', () => {}) // the next start removes it
  child.stdin.on('error', () => {}) // it is only held
  child.unref()
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
}

/** For the end of our own process. */
export function endAll(): void {
  for (const pid of running) killGroup(pid)
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

function gather(stream: NodeJS.ReadableStream, { keepBytes, endOnFlood, onLine }: Order, flood: () => void): () => string {
  const pieces: Buffer[] = []
  let kept = 0
  let rest = ''
  stream.on('data', (piece: Buffer) => {
    const part = piece.subarray(0, Math.max(0, keepBytes - kept))
    if (part.length > 0) pieces.push(part)
    kept += part.length
    if (endOnFlood && part.length < piece.length) flood()
    if (!onLine) return
    const lines = (rest + piece.toString()).split(/[\r\n]+/)
    rest = (lines.pop() ?? '').slice(-10_000)
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => {
    if (rest !== '') onLine?.(rest)
  })
  return () => Buffer.concat(pieces).toString()
}
