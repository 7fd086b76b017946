import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer } from './desk.ts'
import type { Right, Rows } from './statement.ts'

export interface Database {
  /** Rejects with SQLite's sentence, or with one that says that it took too long. */
  run(right: Right, sql: string, values?: string[]): Promise<Rows>
  close(): void
}

const desk = fileURLToPath(new URL('./desk.ts', import.meta.url))
/**
 * 768 MB of memory: one row may hold thousands of large values, and SQLite in Node does not count what it takes; where the system knows no such
 * limit, there is none. And an end with ours, even by SIGKILL: a pipe closes then, and who is busy with a statement hears of nothing else.
 */
const limited =
  'exec 9<&0; (read -r _ <&9; kill -9 $$) 3<&- >/dev/null 2>&1 & exec 9<&-; ulimit -d 786432 2>/dev/null; exec "$@" </dev/null'

/** The database, behind a child process that runs one statement after the other and is killed when one takes longer than `timeoutMs`. */
export function createDatabase(path: string, timeoutMs: number): Database {
  let clerk: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()

  function open(): ChildProcess {
    // The child must not write to our stdout: that is the wire to the client.
    const child = spawn('/bin/sh', ['-c', limited, 'sh', process.execPath, desk], {
      stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
    })
    child.stdin?.on('error', () => {}) // it is only held
    child.once('exit', () => {
      child.stdin?.destroy()
      if (clerk === child) clerk = undefined
    })
    return child
  }

  async function ask(right: Right, sql: string, values: string[]): Promise<Rows> {
    clerk ??= open()
    const answer = await converse(clerk, { path, right, sql, values }, timeoutMs)
    if ('error' in answer) throw new Error(answer.error)
    return answer.rows
  }

  return {
    run(right, sql, values = []) {
      const result = last.then(() => ask(right, sql, values))
      last = result.catch(() => {}) // whoever asked hears of it; the next one only waits
      return result
    },
    close() {
      clerk?.kill('SIGKILL')
    },
  }
}

function converse(child: ChildProcess, order: object, timeoutMs: number): Promise<Answer> {
  return new Promise(resolve => {
    const settle = (answer: Answer) => {
      clearTimeout(timer)
      child.off('message', settle)
      child.off('exit', onExit)
      child.off('error', onError)
      resolve(answer)
    }
    const onExit = () =>
      settle({ error: 'the database process ended before it answered, as for want of memory; ask for less, or try again' })
    const onError = (error: Error) => settle({ error: `the database process failed: ${error.message}` })
    const timer = setTimeout(() => {
      child.off('exit', onExit)
      child.once('exit', () =>
        settle({ error: `stopped after ${timeoutMs / 1000} s; ask for less, or add conditions or a LIMIT` }),
      )
      child.kill('SIGKILL')
    }, timeoutMs)
    child.on('message', settle)
    child.on('exit', onExit)
    child.on('error', onError)
    child.send(order)
  })
}
