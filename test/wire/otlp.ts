import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A local collector of OpenTelemetry traces, which keeps what it was sent as JSON. */
export interface OtlpWire {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  url: string
  spans: WireSpan[]
  /** Of every request. */
  headers: NodeJS.Dict<string | string[]>[]
  /** Requests that are open still. */
  held(): number
  /** All that was sent, for who looks for what must not be there. */
  text(): string
  close(): Promise<void>
}

export interface WireSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  /** Milliseconds since 1970. */
  from: number
  to: number
  attributes: Record<string, unknown>
  /** 2 is an error. */
  status: number | undefined
  /** Of the process. */
  resource: Record<string, unknown>
}

interface Attribute {
  key: string
  value: Record<string, unknown>
}
interface Sent {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: { spans: SentSpan[] }[]
  }[]
}
interface SentSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  status?: { code?: number }
}

/** One that `hangs` takes what it is sent, and never says so. */
export async function startOtlpWire({ hangs = false } = {}): Promise<OtlpWire> {
  let held = 0
  const spans: WireSpan[] = []
  const headers: OtlpWire['headers'] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    headers.push(request.headers)
    bodies.push(body)
    if (request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/json') {
      response.writeHead(415).end()
      return
    }
    held++
    response.on('close', () => held--)
    if (hangs) return
    spans.push(...read(JSON.parse(body) as Sent))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    headers,
    held: () => held,
    text: () => bodies.join('\n'),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function read({ resourceSpans }: Sent): WireSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano, attributes, status }) => ({
        ...{ name, traceId, spanId, parentSpanId: parentSpanId || undefined, status: status?.code },
        from: Math.round(Number(startTimeUnixNano) / 1000) / 1000,
        to: Math.round(Number(endTimeUnixNano) / 1000) / 1000,
        attributes: plain(attributes),
        resource: plain(resource.attributes),
      })),
    ),
  )
}

const plain = (attributes: Attribute[]) => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
