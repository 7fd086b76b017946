import { setTimeout as sleep } from 'node:timers/promises'
import { type Attributes, type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Span, TurnReport } from './turn-report.ts'

/** Turns as traces of OpenTelemetry, sent in batches to a collector; what it does not take is dropped. */
export interface Traces {
  /** Of an attempt that has ended. */
  add(report: TurnReport): void
  /** Sends what is left, if that takes no longer than a moment. */
  close(): Promise<void>
}

export interface TracesOptions {
  /** As in OTEL_EXPORTER_OTLP_ENDPOINT: `/v1/traces` is added. */
  endpoint: string
  headers: Record<string, string>
  service: string
  version: string
  /** Which process. */
  instance: string
}

const exportMayTakeMs = 5000
const closingMayTakeMs = 3000

export function openTraces({ endpoint, headers, service, version, instance }: TracesOptions): Traces {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: exportMayTakeMs })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      'service.instance.id': instance,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: exportMayTakeMs })],
  })
  const tracer = provider.getTracer('bellhop', version)
  return {
    add: report => traceTurn(tracer, report),
    async close() {
      const late = new AbortController()
      const shut = provider.shutdown().catch(() => {}) // a collector that is away is no reason to stay
      await Promise.race([shut, sleep(closingMayTakeMs, undefined, { signal: late.signal }).catch(() => {})])
      late.abort()
    },
  }
}

/** Names and attributes by the semantic conventions for generative AI and for MCP; `bellhop.` where they have none. */
function traceTurn(tracer: Tracer, report: TurnReport): void {
  const { beganAt, endedAt = beganAt, keptAt, again, how = 'broken', errorId } = report
  const waitedFrom = again ? beganAt : Math.min(beganAt, keptAt ?? beganAt)
  const startTime = waitedFrom
  const root = tracer.startSpan('invoke_agent bellhop', { kind: SpanKind.INTERNAL, startTime, attributes: turnFacts(report) })
  const within = trace.setSpan(ROOT_CONTEXT, root)
  if (waitedFrom < beganAt) tracer.startSpan('queue', { startTime: waitedFrom }, within).end(beganAt)
  for (const span of report.spans) traceSpan(tracer, within, span, endedAt)
  if (errorId !== undefined || how === 'broken') {
    root.setAttribute('error.type', how)
    root.setStatus({ code: SpanStatusCode.ERROR, ...(errorId !== undefined && { message: errorId }) })
  }
  root.end(endedAt)
}

function traceSpan(tracer: Tracer, within: Context, one: Span, endedAt: number): void {
  const { name, kind, attributes } = spanFacts(one)
  const span = tracer.startSpan(name, { kind, startTime: one.at, attributes }, within)
  const isFault = !one.ok
  if (isFault) {
    span.setAttribute('error.type', one.state ?? 'failed')
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end(one.ms === undefined ? endedAt : one.at + one.ms)
}

function turnFacts(report: TurnReport): Attributes {
  const { tokens, model, errorId, firstPaintMs } = report
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'bellhop',
    'gen_ai.conversation.id': report.conversation,
    'gen_ai.usage.input_tokens': tokens.input,
    'gen_ai.usage.output_tokens': tokens.output,
    ...(model !== undefined && { 'gen_ai.response.model': model }),
    'bellhop.message.id': report.id,
    'bellhop.platform': report.platform,
    'bellhop.how': report.how ?? 'broken',
    'bellhop.edits': report.edits,
    'bellhop.rate_limited': report.limited,
    ...(firstPaintMs !== undefined && { 'bellhop.first_paint_ms': firstPaintMs }),
    ...(errorId !== undefined && { 'bellhop.error.id': errorId }),
  }
}

function spanFacts({ what, name, server = 'none', state }: Span): { name: string; kind: SpanKind; attributes: Attributes } {
  if (what === 'model') {
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': name }
    return { name: `chat ${name}`, kind: SpanKind.CLIENT, attributes }
  }
  if (what !== 'tool') return { name: what, kind: SpanKind.CLIENT, attributes: {} }
  const isMcp = server !== 'none' && server !== 'bellhop'
  const attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    ...(isMcp && { 'mcp.method.name': 'tools/call' }),
    'bellhop.server': server,
    ...(state !== undefined && { 'bellhop.state': state }),
  }
  return { name: `execute_tool ${name}`, kind: isMcp ? SpanKind.CLIENT : SpanKind.INTERNAL, attributes }
}
