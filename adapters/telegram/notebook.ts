import type { Memory } from '../../src/adapter.ts'

/** What the adapter keeps across restarts and shares among processes, as JSON. Rejects when the memory does not answer in time. */
export interface Notebook {
  read<T>(name: string): Promise<T | undefined>
  write(name: string, value: unknown): Promise<void>
}

/** `owner` begins every key: one memory may serve several bots. */
export function createNotebook(memory: Memory, owner: string, mayTakeMs: number): Notebook {
  const soon = async <T>(work: Promise<T>): Promise<T> => {
    const { promise: tooLate, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error('the memory does not answer')), mayTakeMs)
    return Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
  }
  return {
    async read<T>(name: string) {
      const json = await soon(memory.get(`${owner}:${name}`))
      return json === undefined ? undefined : (JSON.parse(json) as T)
    },
    write: (name, value) => soon(memory.set(`${owner}:${name}`, JSON.stringify(value))),
  }
}
