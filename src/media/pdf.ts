import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { PdfReading } from './pdf-program.ts'

/** Two at a time: each may take a third of a gigabyte. */
const lines = [Promise.resolve(), Promise.resolve()]
let next = 0

/**
 * Reads a PDF up to a few more than `mostChars` characters; `heavy`: it takes too much time or memory. A PDF is a program of whoever made
 * it, so it is read in a process that sees no file and no variable of ours, and that can be ended. Throws what aborted the signal.
 */
export async function readPdf(
  data: Uint8Array,
  mostChars: number,
  signal: AbortSignal,
  mostCpuMs = 15_000,
): Promise<PdfReading | 'heavy'> {
  signal.throwIfAborted()
  const line = next++ % lines.length
  const reading = (lines[line] ?? Promise.resolve()).then(() => run(data, mostChars, signal, mostCpuMs))
  lines[line] = reading.then(
    () => {},
    () => {},
  )
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  return Promise.race([reading, stopped]).finally(() => signal.removeEventListener('abort', stop))
}

const start = promisify(execFile)
/** The program counts the time that it uses, which is less than passes on a busy machine. */
const patience = 4

async function run(data: Uint8Array, mostChars: number, signal: AbortSignal, mostCpuMs: number): Promise<PdfReading | 'heavy'> {
  signal.throwIfAborted()
  const options = { signal, timeout: mostCpuMs * patience, killSignal: 'SIGKILL' as const, env: {}, maxBuffer: 10_000_000 }
  const running = start(process.execPath, [...rights(), program, library, String(mostChars), String(mostCpuMs)], options)
  running.child.stdin?.on('error', () => {}) // it ended before it had heard everything
  running.child.stdin?.end(data)
  try {
    const { stdout } = await running
    return JSON.parse(stdout)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && 'signal' in error && error.signal) return 'heavy'
    throw error
  }
}

const here = realpathSync(import.meta.dirname)
const program = join(here, 'pdf-program.ts')
const library = import.meta.resolve('unpdf')

function rights(): string[] {
  const readable = [here, dirname(dirname(fileURLToPath(library)))]
  return ['--permission', '--allow-worker', ...readable.map(folder => `--allow-fs-read=${folder}`)]
}
