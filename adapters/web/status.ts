/** What the house tells about itself: plain facts, no secrets. */
export interface HouseStatus {
  /** True once messages are taken. */
  ready: boolean
  model: string
  /** Those that may be chosen from. */
  models?: string[]
  /** `away`: Redis cannot be reached, so nothing can be kept. */
  queue: 'ok' | 'away'
  servers: ServerStatus[]
  tools?: { name: string; description: string; label: string; server: string }[]
  metrics?: ToolMetrics[]
}

/** What the calls of one tool came to; times in milliseconds. */
interface ToolMetrics {
  server: string
  tool: string
  calls: number
  ok: number
  failed: number
  meanMs: number
  p95Ms: number
}

export interface ServerStatus {
  name: string
  /** `active`, `connecting`, `degraded`, `error`, `needs_auth` or `disabled`. */
  state: string
  /** How many tools it offers. */
  tools: number
  /** Why it is not active, in one sentence. */
  error?: string
}

const troubled = new Set(['degraded', 'error', 'needs_auth'])

/** The body of `GET /health`. A stranger learns whether the house is well; names and reasons are for those who hold a key. */
export function health(status: HouseStatus, trusted: boolean) {
  const well = status.ready && status.queue === 'ok' && !status.servers.some(server => troubled.has(server.state))
  const brief = { status: well ? 'ok' : 'degraded', ready: status.ready, queue: status.queue }
  return trusted ? { ...brief, model: status.model, servers: status.servers } : brief
}

/** The body of `GET /ready`, and why not. */
export function readiness(status: HouseStatus): { ready: boolean; reason?: string } {
  if (status.queue === 'away') return { ready: false, reason: 'the queue (Redis) cannot be reached' }
  if (!status.ready) return { ready: false, reason: 'the house is still starting' }
  return { ready: true }
}
