import type { FetchLike } from '@modelcontextprotocol/client'
import { tooLarge } from './lines.ts'

const newline = 10
const carriageReturn = 13

/** A fetch whose answers fail once one message in them is too large. In an event stream, an empty line ends a message. */
export function capMessages(fetch: FetchLike, maxBytes: number, onRefused: (why: string) => void = () => {}): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init)
    if (!response.body) return response
    const events = /^text\/event-stream/i.test(response.headers.get('content-type') ?? '')
    return withBody(response, response.body.pipeThrough(meter(maxBytes, events, onRefused)))
  }
}

/** The copy of a response would forget where it came from, and redirects are checked by that. */
export function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response
  const copy = new Response(body, { status, statusText, headers })
  Object.defineProperty(copy, 'url', { value: url })
  return copy
}

function meter(maxBytes: number, events: boolean, onRefused: (why: string) => void): TransformStream<Uint8Array, Uint8Array> {
  const sinceEmptyLine = countSinceEmptyLine()
  let all = 0
  return new TransformStream({
    transform(chunk, control) {
      all += chunk.length
      const bytes = events ? sinceEmptyLine(chunk) : all
      if (bytes <= maxBytes) return control.enqueue(chunk)
      onRefused(tooLarge(maxBytes))
      control.error(new Error(tooLarge(maxBytes)))
    },
  })
}

/** An empty line may begin in one chunk and end in the next. */
function countSinceEmptyLine(): (chunk: Uint8Array) => number {
  let bytes = 0
  let lineIsEmpty = false
  return chunk => {
    let end = -1
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) {
      if (isEmptyUpTo(chunk, at, lineIsEmpty)) end = at
      lineIsEmpty = true
    }
    const rest = chunk.subarray(chunk.lastIndexOf(newline) + 1)
    if (rest.some(byte => byte !== carriageReturn)) lineIsEmpty = false
    bytes = end < 0 ? bytes + chunk.length : chunk.length - end - 1
    return bytes
  }
}

/** Whether nothing stands on the line that ends at `at`; `before` says so of what came of it in earlier chunks. */
function isEmptyUpTo(chunk: Uint8Array, at: number, before: boolean): boolean {
  const from = chunk[at - 1] === carriageReturn ? at - 2 : at - 1
  return from < 0 ? before : chunk[from] === newline
}
