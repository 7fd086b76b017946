import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReadBuffer, serializeMessage, type Transport } from '@modelcontextprotocol/client'
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio'
import type { StdioTransport } from '../config/servers.ts'

const maxMessageBytes = 32_000_000
const maxStderrChars = 64 * 1024
/** How long a server may take to end after its stdin is closed, and again after SIGTERM. */
const graceMs = 1000

/** A server is told by `stderr` and `pid` that the client looks for to be a local one, whose silence is not an outage. */
export interface ProcessTransport extends Transport {
  readonly pid: number | undefined
  /** The last 64 KB of what it wrote there. */
  stderr(): string
  /** How the process ended: `code 1`, `signal SIGKILL`. Undefined while it runs. */
  ended(): string | undefined
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * A child process that speaks MCP over its stdin and stdout. It leads a process group of its own, so that closing it
 * ends its whole tree: the SDK's transport ends `npx` and leaves alone what npx started.
 */
export function createProcessTransport(config: StdioTransport): ProcessTransport {
  let child: Child | undefined
  let stderr = ''
  let ended: string | undefined

  const transport: ProcessTransport = {
    get pid() {
      return child?.pid
    },
    stderr: () => stderr,
    ended: () => ended,
    async start() {
      child = await launch(config)
      listen(child)
    },
    send(message) {
      return write(child, serializeMessage(message))
    },
    async close() {
      if (child) await endTree(child)
    },
  }

  function listen(child: Child): void {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', error => transport.onerror?.(error))
    child.stdout.on('data', createReader(transport))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-maxStderrChars)
    })
    child.once('exit', (code, signal) => {
      ended = signal ? `signal ${signal}` : `code ${code}`
      void finish(child)
    })
  }

  /** Its last words may still be in the pipes; a grandchild that holds them open must not hold us up. */
  async function finish(child: Child): Promise<void> {
    await Promise.race([Promise.all([once(child.stdout, 'close'), once(child.stderr, 'close')]), sleep(100)])
    signalTree(child, 'SIGKILL')
    transport.onclose?.()
  }

  return transport
}

/** Hands each whole message on. A line that is no message is reported and passed over; one that is too long ends the process. */
function createReader(transport: Transport): (chunk: Buffer) => void {
  const buffer = new ReadBuffer({ maxBufferSize: maxMessageBytes })
  function readOne(): boolean {
    try {
      const message = buffer.readMessage()
      if (message === null) return false
      transport.onmessage?.(message)
    } catch (error) {
      transport.onerror?.(asError(error))
    }
    return true
  }
  return chunk => {
    try {
      buffer.append(chunk)
      while (readOne());
    } catch (error) {
      transport.onerror?.(asError(error))
      void transport.close()
    }
  }
}

async function launch({ command, args, env, cwd }: StdioTransport): Promise<Child> {
  if (cwd !== undefined && !existsSync(cwd)) throw new Error(`its folder "${cwd}" does not exist`)
  const child = spawn(command, args, {
    env: { ...getDefaultEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
    ...(cwd === undefined ? {} : { cwd }),
  })
  try {
    await once(child, 'spawn')
  } catch (error) {
    throw new Error(explain(error, command))
  }
  return child
}

function explain(error: unknown, command: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return `command "${command}" was not found`
  if (code === 'EACCES') return `command "${command}" may not be executed`
  return asError(error).message
}

function write(child: Child | undefined, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!child?.stdin.writable) reject(new Error('the process has ended'))
    else child.stdin.write(text, error => (error ? reject(error) : resolve()))
  })
}

/** As the specification asks: close stdin, then SIGTERM, then SIGKILL. */
async function endTree(child: Child): Promise<void> {
  if (isRunning(child)) {
    child.stdin.end()
    await exitWithin(child, graceMs)
    if (isRunning(child)) {
      signalTree(child, 'SIGTERM')
      await exitWithin(child, graceMs)
    }
  }
  signalTree(child, 'SIGKILL')
}

function isRunning(child: Child): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function exitWithin(child: Child, ms: number): Promise<void> {
  const timer = new AbortController()
  await Promise.race([once(child, 'exit'), sleep(ms, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
}

/** A negative id means the whole group. That it is gone already is fine. */
function signalTree(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
