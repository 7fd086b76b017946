import type { Redis } from '../redis/redis.ts'

/** Lines of the log that belong to one error that somebody was told of. */
export interface KeptError {
  /** As the person was told it: `e-…`. */
  id: string
  /** Milliseconds since 1970. */
  at: number
  conversation?: string
  /** As they stand in the log, the oldest first; without secrets and chat text. */
  lines: string[]
}

/** Remembers what the log of this process said last, so that an error can be told with what came before it. */
export interface Tail {
  /** A line of the log as it is written: JSON, without secrets. */
  hear(line: string): void
  /** `listener` is called soon after an error id was logged, and once at `flush`. */
  listen(listener: (error: KeptError) => void): void
  /** Tells at once what is still waited with. */
  flush(): void
}

const keepLines = 400
const mostLines = 60
const lineChars = 2000
/** What is still said about it comes with it. */
const waitMs = 300
/** Of warnings that name no turn: what stood in the log just before may be the cause. */
const aroundMs = 10_000

export function openTail(): Tail {
  const heard: { at: number; line: string }[] = []
  const waiting = new Map<string, { tell(): void; timer: NodeJS.Timeout }>()
  let listener: (error: KeptError) => void = () => {}

  function expect(line: string): void {
    const { error, conversation, message } = JSON.parse(line) as Record<string, unknown>
    if (typeof error !== 'string' || !/^e-\w{8}$/.test(error) || waiting.has(error)) return
    const at = Date.now()
    const tell = () => {
      waiting.delete(error)
      const lines = linesAbout(heard, { at, error, conversation, message })
      listener({ id: error, at, ...(typeof conversation === 'string' && { conversation }), lines })
    }
    waiting.set(error, { tell, timer: setTimeout(tell, waitMs).unref() })
  }
  return {
    hear(line) {
      heard.push({ at: Date.now(), line: line.trimEnd().slice(0, lineChars) })
      if (heard.length > keepLines) heard.shift()
      if (line.includes('"error":"e-')) expect(line)
    },
    listen(hears) {
      listener = hears
    },
    flush() {
      for (const { tell, timer } of [...waiting.values()]) {
        clearTimeout(timer)
        tell()
      }
    },
  }
}

type About = { at: number; error: string; conversation: unknown; message: unknown }

/** All that names the turn or its conversation, and warnings that came shortly before. */
function linesAbout(heard: { at: number; line: string }[], { at, error, conversation, message }: About): string[] {
  const named = (name: string, value: unknown) => (value === undefined ? [] : [`"${name}":${JSON.stringify(value)}`])
  const marks = [...named('error', error), ...named('conversation', conversation), ...named('message', message)]
  const isNear = (line: { at: number; line: string }) =>
    line.at > at - aroundMs && levelOf(line.line) >= 40 && !line.line.includes('"conversation":')
  return heard
    .filter(one => marks.some(mark => one.line.includes(mark)) || isNear(one))
    .slice(-mostLines)
    .map(({ line }) => line)
}

/** Of pino: 40 is a warning. */
const levelOf = (line: string) => Number(/"level":(\d+)/.exec(line)?.[1] ?? 0)

/** The errors that people were told of last, on all workers. */
export interface ErrorLog {
  keep(error: KeptError): Promise<void>
  /** The newest first. */
  recentErrors(): Promise<KeptError[]>
}

const key = 'bellhop:{telemetry}:errors'
const keepErrors = 100
const keepSeconds = 7 * 86_400

export function createErrorLog(redis: Redis): ErrorLog {
  return {
    async keep(error) {
      const writes = redis
        .pipeline()
        .lpush(key, JSON.stringify(error))
        .ltrim(key, 0, keepErrors - 1)
      await writes.expire(key, keepSeconds).exec()
    },
    async recentErrors() {
      return (await redis.lrange(key, 0, -1)).map(json => JSON.parse(json) as KeptError)
    },
  }
}
