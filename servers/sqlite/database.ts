import { type ChildProcess, fork } from 'node:child_process'
import type { Answer } from './desk.ts'
import type { Right, Rows } from './statement.ts'

export interface Database {
  /** Rejects with SQLite's sentence, or with one that says that it took too long. */
  run(right: Right, sql: string, values?: string[]): Promise<Rows>
  close(): void
}

/** The database, behind a child process that runs one statement after the other and is killed when one takes longer than `timeoutMs`. */
export function createDatabase(path: string, timeoutMs: number): Database {
  let desk: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()

  function open(): ChildProcess {
    // The child must not write to our stdout: that is the wire to the client.
    const child = fork(new URL('./desk.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
    child.once('exit', () => {
      if (desk === child) desk = undefined
    })
    return child
  }

  async function ask(right: Right, sql: string, values: string[]): Promise<Rows> {
    desk ??= open()
    const answer = await converse(desk, { path, right, sql, values }, timeoutMs)
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
      desk?.kill('SIGKILL')
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
    const onExit = () => settle({ error: 'the database process ended before it answered; please try again' })
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
