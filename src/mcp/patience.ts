import type { Redis } from '../redis/redis.ts'

/** Longer than any Redis takes that is well; whoever asked can do without the answer. */
const patienceMs = 500

/** What Redis answers, or undefined when it is away, slow or fails: for what is only nice to know. A client would wait for ever. */
export async function askBriefly<T>(
  redis: Redis,
  ask: () => Promise<T>,
  complain: (error: unknown) => void,
): Promise<T | undefined> {
  if (redis.status !== 'ready') return undefined
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, patienceMs, undefined)
  })
  const asked = ask().catch((error: unknown) => {
    complain(error)
    return undefined
  })
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}
