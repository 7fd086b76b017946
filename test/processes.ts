import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A house in a process of its own, as an operator starts it. */
export interface HouseProcess {
  child: ChildProcess
  /** What it wrote so far, both streams. */
  output(): string
  /** Resolves when the output holds this; rejects with the output when the process ends before. */
  says(what: string | RegExp): Promise<string>
  /** Sends the signal and resolves with the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  /** Resolves with the exit code. */
  ended: Promise<number | null>
}

const root = join(import.meta.dirname, '..')

/** Starts `node src/main.ts` with this environment and nothing else of ours. */
export function startProcess(env: Record<string, string>, args: string[] = [], cwd = root): HouseProcess {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const whole = { PATH, HOME: tmpdir(), PORT: '0', ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...env }
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], {
    env: whole,
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (output += data.toString()))
  return {
    child,
    ended,
    output: () => output,
    async says(what) {
      const found = () => (typeof what === 'string' ? output.includes(what) : what.test(output))
      while (!found()) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} and never said ${what}:\n${output}`)
        await new Promise(resolve => setTimeout(resolve, 20))
      }
      return output
    },
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

/** A folder for the data of processes that belong together. */
export function dataFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'bellhop-data-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) }
}
