import type { WireAnswer } from './discord-messages.ts'

/** So many calls per period. */
export interface Bucket {
  limit: number
  perMs: number
}

export interface Limits {
  /** How many calls a channel takes, by method and route, as the `X-RateLimit` headers tell it. */
  bucket: Bucket
  /** Of the whole bot, but for what goes through an interaction; Discord takes 50 a second ("Rate Limits"). Absent: any number. */
  global?: Bucket
  /** Answers with 401, 403 or 429 after which the address is shut out; Discord takes 10,000 in ten minutes ("Rate Limits"). */
  invalid: Bucket
}

export interface Reply extends WireAnswer {
  headers?: Record<string, string>
}

/** A full bucket refuses before any work is done. */
export function createLimits({ bucket, global, invalid }: Limits) {
  const inBucket = createBuckets(bucket)
  const everywhere = global && createWindow(global)
  const bad = createWindow(invalid)
  return {
    /** Why the address is shut out at this moment, if it is: a page of who stands before Discord. */
    banned(): Reply | undefined {
      const waitMs = bad.fullForMs()
      if (waitMs === 0) return undefined
      const headers = { 'content-type': 'text/html', 'retry-after': String(Math.ceil(waitMs / 1000)) }
      return { status: 429, headers, body: 'error code: 1015' }
    },
    carryOut(method: string, path: string, work: () => WireAnswer): Reply {
      if (!everywhere || /^\/(interactions|webhooks)\//.test(path)) return inBucket(method, path, work)
      const waitMs = everywhere.fullForMs()
      if (waitMs > 0) return patience(waitMs, 'global')
      everywhere.count()
      return inBucket(method, path, work)
    },
    /** A 429 for what others have done as well does not count. */
    note({ status, headers }: Reply): void {
      if ([401, 403, 429].includes(status) && headers?.['x-ratelimit-scope'] !== 'shared') bad.count()
    },
  }
}

/** Without bucket headers, so that only the call that was refused has to wait. */
export function patience(ms: number, scope: 'user' | 'shared' | 'global'): Reply {
  const global = scope === 'global'
  const headers = { 'retry-after': String(ms / 1000), 'x-ratelimit-scope': scope }
  const body = { message: 'You are being rate limited.', retry_after: ms / 1000, global }
  return { status: 429, headers: global ? { ...headers, 'x-ratelimit-global': 'true' } : headers, body }
}

/** Counts by method, kind of route and channel. */
function createBuckets({ limit, perMs }: Bucket): (method: string, path: string, work: () => WireAnswer) => Reply {
  const used = new Map<string, { count: number; resetAt: number }>()
  return (method, path, work) => {
    const kind = `${method} ${path.replace(/(?<=\/messages\/|\/interactions\/)[^/]+/, ':id')}`
    const now = Date.now()
    let entry = used.get(kind)
    if (!entry || entry.resetAt <= now) {
      entry = { count: 0, resetAt: now + perMs }
      used.set(kind, entry)
    }
    const seconds = String((entry.resetAt - now) / 1000)
    const headers = {
      'x-ratelimit-bucket': kind.replace(/\d{17,19}/g, ':id').replace(/\W+/g, '-'),
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(Math.max(0, limit - entry.count - 1)),
      'x-ratelimit-reset-after': seconds,
    }
    if (++entry.count <= limit) return { ...work(), headers }
    const { headers: why, ...refusal } = patience(entry.resetAt - now, 'user')
    return { ...refusal, headers: { ...headers, ...why } }
  }
}

/** What happened within the last period. */
function createWindow({ limit, perMs }: Bucket) {
  let times: number[] = []
  return {
    count: () => void times.push(Date.now()),
    /** Milliseconds until there is room for one more; 0 when there is. */
    fullForMs(): number {
      const now = Date.now()
      times = times.filter(at => now - at < perMs)
      const oldest = times.at(-limit)
      return oldest === undefined ? 0 : oldest + perMs - now
    },
  }
}
