import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { endProcess } from '../end-process.ts'
import type { Drive, Order } from './drive.ts'

/** Telegram, a model and the people, in a process of their own. */
export async function openWires() {
  const child = fork(join(import.meta.dirname, 'wires.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  const answer = async () => {
    const [message] = await once(child, 'message')
    return message as { drive?: Drive; problem?: string }
  }
  const ask = async (order: object): Promise<Drive> => {
    child.send(order)
    const { drive, problem } = await answer()
    if (!drive) throw new Error(problem)
    return drive
  }
  const urls = (await answer()) as unknown as { telegramUrl: string; openaiUrl: string }
  return {
    ...urls,
    drive: (order: Order) => ask(order),
    driveBeside: () => ask({ beside: true }),
    close: () => endProcess(child),
  }
}
