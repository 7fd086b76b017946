import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JSONRPCMessage, serializeMessage, type Transport } from '@modelcontextprotocol/client'
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio'
import type { StdioTransport } from '../config/servers.ts'
import { createLineCutter } from './lines.ts'
import { readMessages } from './loose.ts'
import { kinOf, markName, sendSignal, signalKin } from './tree.ts'

const maxStderrChars = 64 * 1024
/** How long a server may take to end after its stdin is closed, and again after SIGTERM. */
const graceMs = 1000

/** A server is told by `stderr` and `pid` that the client looks for to be a local one, whose silence is not an outage. */
export interface ProcessTransport extends Transport {
  readonly pid: number | undefined
  /** The last 64 KB of what it wrote there. */
  stderr(): string
  /** How it ended: `it ended with code 1`, or which message of its own ended it. Undefined while it runs. */
  ended(): string | undefined
}

/** Says of a message that it surely did not reach the server. */
export const unsent = 'the process has ended'

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * A child process that speaks MCP over its stdin and stdout. It leads a process group of its own and marks its descendants, so that
 * closing it ends its whole tree: the SDK's transport ends `npx` and leaves alone what npx started. A message of more than `maxBytes` ends it.
 */
export function createProcessTransport(config: StdioTransport, maxBytes: number): ProcessTransport {
  const mark = randomUUID()
  let child: Child | undefined
  let stderr = ''
  let ended: string | undefined
  /** Nothing of it is left to be ended. */
  let gone = false

  const transport: ProcessTransport = {
    get pid() {
      return child?.pid
    },
    stderr: () => stderr,
    ended: () => ended,
    async start() {
      child = await launch(config, mark)
      listen(child)
    },
    send(message) {
      return write(child, serializeMessage(message))
    },
    async close() {
      if (child && !gone) await endTree(child, mark)
    },
  }

  function listen(child: Child): void {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', error => transport.onerror?.(error))
    child.stdout.on(
      'data',
      createReader(transport, maxBytes, why => {
        ended = why
        void transport.close()
      }),
    )
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-maxStderrChars)
    })
    child.once('exit', (code, signal) => {
      ended ??= `it ended with ${signal ? `signal ${signal}` : `code ${code}`}`
      void finish(child)
    })
  }

  /** Its last words may still be in the pipes; a grandchild that holds them open must not hold us up. */
  async function finish(child: Child): Promise<void> {
    await Promise.race([Promise.all([once(child.stdout, 'close'), once(child.stderr, 'close')]), sleep(100)])
    killTree(child, mark)
    gone = true
    transport.onclose?.()
  }

  return transport
}

/** Hands each whole message on. A line that is no message is reported and passed over; one that is too long is the end. */
function createReader(transport: Transport, maxBytes: number, end: (why: string) => void): (chunk: Buffer) => void {
  const cut = createLineCutter(maxBytes, line => {
    const messages = readLine(line)
    if (!messages) transport.onerror?.(new Error('a line that is no message was passed over'))
    for (const message of messages ?? []) transport.onmessage?.(message)
  })
  let over = false
  return chunk => {
    if (over) return
    try {
      cut(chunk)
    } catch (error) {
      over = true
      transport.onerror?.(asError(error))
      end(asError(error).message)
    }
  }
}

function readLine(line: string): JSONRPCMessage[] | undefined {
  try {
    return readMessages(line)
  } catch {
    return undefined
  }
}

async function launch({ command, args, env, cwd }: StdioTransport, mark: string): Promise<Child> {
  if (cwd !== undefined && !existsSync(cwd)) throw new Error(`its folder "${cwd}" does not exist`)
  const child = spawn(command, args, {
    env: { ...getDefaultEnvironment(), ...env, [markName]: mark },
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

/** What could not be written whole was not heard: a message ends with its line. */
function write(child: Child | undefined, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!child?.stdin.writable) reject(new Error(unsent))
    else child.stdin.write(text, error => (error ? reject(new Error(unsent, { cause: error })) : resolve()))
  })
}

/** As the specification asks: close stdin, then SIGTERM, then SIGKILL. */
async function endTree(child: Child, mark: string): Promise<void> {
  const kin = kinOf(rootOf(child), mark)
  if (isRunning(child)) {
    child.stdin.end()
    await exitWithin(child, graceMs)
    if (isRunning(child)) {
      signalGroup(child, 'SIGTERM')
      signalKin(kin, 'SIGTERM')
      await exitWithin(child, graceMs)
    }
  }
  signalKin(kin, 'SIGKILL')
  killTree(child, mark)
}

function isRunning(child: Child): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function exitWithin(child: Child, ms: number): Promise<void> {
  const timer = new AbortController()
  await Promise.race([once(child, 'exit'), sleep(ms, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
}

/** Until nobody is left: who is killed while he starts another leaves that one behind. */
function killTree(child: Child, mark: string): void {
  signalGroup(child, 'SIGKILL')
  for (let round = 0; round < 5; round++) {
    const left = kinOf(rootOf(child), mark)
    if (left.length === 0) return
    signalKin(left, 'SIGKILL')
  }
}

/** The id of a process that has ended may be another's by now. */
const rootOf = (child: Child) => (isRunning(child) ? child.pid : undefined)

function signalGroup({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid !== undefined) sendSignal(-pid, signal)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
