import type { Registry } from 'prom-client'
import type { Metric } from './figures.ts'
import type { Span, TurnReport } from './turn-report.ts'

/** The figures of this process, as Prometheus counts: what grows, and what is. The library is loaded when the first is told. */
export interface Metrics {
  /** At the end of an attempt; `lost`: its messages are off the inbox, and nothing was ever shown. */
  turn(report: TurnReport, lost: boolean): void
  /** A request to the web door; `route` as it is declared. */
  request(facts: { method: string; route: string; status: number }): void
  /** As they are now. */
  snapshot(): Promise<Metric[]>
  /** Begins at zero: what was counted so far is counted elsewhere. */
  reset(): Promise<void>
  /** Metrics of several processes as one. */
  add(metrics: Metric[][]): Promise<Metric[]>
  /** The same, as Prometheus reads it: text format 0.0.4. */
  render(metrics: Metric[][]): Promise<string>
}

/** What the house as a whole has before it. */
export interface Depth {
  conversations: number
  waiting: number
  active: number
}

export interface MetricsOptions {
  role: string
  version: string
  /** The house's own, as this process sees them; empty where it runs none. */
  servers(): { name: string; state: string }[]
}

const shortly = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60]
const longer = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** More labels than these are told together as `other`: each costs every scrape. */
const mostTools = 100
const mostModels = 20

const inboxGauge = { name: 'bellhop_inbox_conversations', help: 'Conversations with a message that is not answered yet' }
const jobsGauge = { name: 'bellhop_queue_jobs', help: 'Jobs of the queue, by whether a worker has them' }

/** Of the house, which no process has for itself. */
export function depthMetrics({ conversations, waiting, active }: Depth): Metric[] {
  const states = [
    { labels: { state: 'waiting' }, value: waiting },
    { labels: { state: 'active' }, value: active },
  ]
  return [
    { ...inboxGauge, type: 'gauge', aggregator: 'max', values: [{ labels: {}, value: conversations }] },
    { ...jobsGauge, type: 'gauge', aggregator: 'max', values: states },
  ]
}

export function createMetrics(options: MetricsOptions): Metrics {
  let loading: ReturnType<typeof load> | undefined
  const loaded = () => (loading ??= load(options))
  const toolOf = createLimit(mostTools)
  const modelOf = createLimit(mostModels)
  const routeOf = createLimit(mostTools)
  /** In the order in which it was told; what cannot be counted harms nobody. */
  const note = (how: (meters: Meters) => void) => {
    loaded()
      .then(({ meters }) => how(meters))
      .catch(() => {})
  }
  return {
    turn: (report, lost) => note(meters => noteTurn(report, lost, meters, { toolOf, modelOf })),
    request: ({ method, route, status }) =>
      note(({ requests }) => requests.inc({ method: known.has(method) ? method : 'other', route: routeOf(route), status })),
    snapshot: async () => toPlain((await loaded()).registry),
    reset: async () => (await loaded()).registry.resetMetrics(),
    add: async metrics => toPlain((await loaded()).sum(metrics)),
    render: async metrics => (await loaded()).sum(metrics).metrics(),
  }
}

const known = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])

type Meters = ReturnType<typeof meterTurns>
type Prom = typeof import('prom-client')

async function load(options: MetricsOptions) {
  const prom: Prom = await import('prom-client')
  const registry = new prom.Registry()
  prom.collectDefaultMetrics({ register: registry })
  gaugeProcess(prom, registry, options)
  const meters = meterTurns(prom, registry)
  const sum = (metrics: Metric[][]): Registry => prom.AggregatorRegistry.aggregate(metrics)
  return { registry, meters, sum }
}

function meterTurns({ Counter, Histogram }: Prom, registry: Registry) {
  const registers = [registry]
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram<L>({ name, help, labelNames, buckets, registers })
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers })
  return {
    wait: histogram('bellhop_queue_wait_seconds', 'From when a message was safe until its turn began', [], shortly),
    turns: histogram('bellhop_turn_seconds', 'How long turns took, by how they ended', ['platform', 'how'], longer),
    paint: histogram('bellhop_first_paint_seconds', 'From when a message was safe until its reply stood', ['platform'], shortly),
    edits: counter('bellhop_edits_total', 'Edits that a platform took', ['platform']),
    limited: counter('bellhop_rate_limited_total', 'Calls that a platform refused with 429', ['platform']),
    tools: histogram('bellhop_tool_seconds', 'Calls of tools, by what came of them', ['server', 'tool', 'state'], longer),
    tokens: counter('bellhop_model_tokens_total', 'Tokens of turns, in and out', ['model', 'direction']),
    model: histogram('bellhop_model_seconds', 'Steps of models', ['model', 'state'], longer),
    lost: counter('bellhop_turns_lost_total', 'Turns that ended with nothing ever shown, where the chat was still there'),
    setAside: counter('bellhop_turns_set_aside_total', 'Messages that were given up since their workers died over them'),
    requests: counter('bellhop_http_requests_total', 'Requests to the web door', ['method', 'route', 'status']),
  }
}

function gaugeProcess({ Gauge }: Prom, registry: Registry, { role, version, servers }: MetricsOptions): void {
  const registers = [registry]
  new Gauge({
    ...{ name: 'bellhop_build_info', help: 'Always 1: what runs', labelNames: ['version', 'node'], registers, aggregator: 'max' },
    collect() {
      this.set({ version, node: process.version }, 1)
    },
  })
  new Gauge({
    ...{ name: 'bellhop_processes', help: 'Processes that live, by their ROLE', labelNames: ['role'], registers },
    collect() {
      this.set({ role }, 1)
    },
  })
  new Gauge({
    ...{ name: 'bellhop_server_state', help: 'Workers for which a server is in this state', registers },
    labelNames: ['server', 'state'],
    collect() {
      this.reset()
      for (const { name, state } of servers()) this.set({ server: name, state }, 1)
    },
  })
}

function noteTurn(
  report: TurnReport,
  lost: boolean,
  meters: Meters,
  { toolOf, modelOf }: Record<'toolOf' | 'modelOf', (name: string) => string>,
): void {
  const { platform, how = 'broken', beganAt, endedAt = beganAt, keptAt, sentAt, firstPaintMs, tokens } = report
  meters.turns.observe({ platform, how }, (endedAt - beganAt) / 1000)
  if (!report.again) meters.wait.observe(Math.max(0, beganAt - (keptAt ?? sentAt)) / 1000)
  if (firstPaintMs !== undefined) meters.paint.observe({ platform }, firstPaintMs / 1000)
  meters.edits.inc({ platform }, report.edits)
  meters.limited.inc({ platform }, report.limited)
  const model = modelOf(report.model ?? 'none')
  if (tokens.input > 0) meters.tokens.inc({ model, direction: 'input' }, tokens.input)
  if (tokens.output > 0) meters.tokens.inc({ model, direction: 'output' }, tokens.output)
  if (lost) meters.lost.inc()
  if (how === 'set-aside') meters.setAside.inc()
  const secondsOf = ({ ms = 0 }: Span) => ms / 1000
  for (const span of report.spans) {
    const { name, server = 'none', state = 'ok' } = span
    if (span.what === 'model') meters.model.observe({ model: modelOf(name), state }, secondsOf(span))
    if (span.what !== 'tool') continue
    const tool = toolOf(`${server} ${name}`) === 'other' ? 'other' : name
    meters.tools.observe({ server, tool, state }, secondsOf(span))
  }
}

/** So many different names pass; of the others each is `other`. */
function createLimit(most: number): (name: string) => string {
  const passed = new Set<string>()
  return name => {
    if (!passed.has(name) && passed.size >= most) return 'other'
    passed.add(name)
    return name
  }
}

async function toPlain(registry: Registry): Promise<Metric[]> {
  const metrics = (await registry.getMetricsAsJSON()) as unknown as Metric[]
  return metrics.map(({ name, help, type, aggregator, values }) => ({
    ...{ name, help, type: String(type) },
    ...(aggregator !== undefined && { aggregator }),
    values: values.map(({ labels, value, metricName }) => ({ labels, value, ...(metricName !== undefined && { metricName }) })),
  }))
}
