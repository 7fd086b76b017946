import type { Board, Notice } from './queue/board.ts'

/** What the living workers tell of themselves, for whoever asks over HTTP; `isUp`: Redis can be reached. */
export async function houseStatus(board: Board, isUp: boolean) {
  const notices = isUp ? await board.read() : []
  const { model = 'no worker is running', models = [], servers = [], tools = [] } = notices[0] ?? {}
  const queue = isUp ? ('ok' as const) : ('away' as const)
  return { ready: isUp && notices.length > 0, model, models, queue, servers, tools, metrics: together(notices) }
}

type Metrics = NonNullable<Notice['metrics']>

/** Of all workers: the mean of their means by calls, and the worst of their 95th percentiles. */
function together(notices: Notice[]): Metrics {
  const byTool = new Map<string, Metrics[number]>()
  for (const one of notices.flatMap(({ metrics = [] }) => metrics)) {
    const key = JSON.stringify([one.server, one.tool])
    const other = byTool.get(key)
    byTool.set(key, other ? add(other, one) : one)
  }
  return [...byTool.values()]
}

function add(a: Metrics[number], b: Metrics[number]): Metrics[number] {
  const calls = a.calls + b.calls
  const meanMs = Math.round((a.meanMs * a.calls + b.meanMs * b.calls) / Math.max(1, calls))
  return { ...a, calls, ok: a.ok + b.ok, failed: a.failed + b.failed, meanMs, p95Ms: Math.max(a.p95Ms, b.p95Ms) }
}
