import type { FetchLike } from '@modelcontextprotocol/client'

const maxMessageBytes = 32_000_000
const newline = 10
const carriageReturn = 13

/** A fetch whose answers fail once one message in them is too large. In an event stream, an empty line ends a message. */
export function capMessages(fetch: FetchLike, maxBytes = maxMessageBytes): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init)
    if (!response.body) return response
    const { status, statusText, headers } = response
    const capped = new Response(response.body.pipeThrough(meter(maxBytes)), { status, statusText, headers })
    // The copy forgets where it came from, and redirects are checked by that.
    Object.defineProperty(capped, 'url', { value: response.url })
    return capped
  }
}

function meter(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform(chunk, control) {
      const end = lastEmptyLine(chunk)
      bytes = end < 0 ? bytes + chunk.length : chunk.length - end
      if (bytes > maxBytes) control.error(new Error(`a message of more than ${maxBytes} bytes was refused`))
      else control.enqueue(chunk)
    },
  })
}

function lastEmptyLine(chunk: Uint8Array): number {
  for (let at = chunk.lastIndexOf(newline); at > 0; at = chunk.lastIndexOf(newline, at - 1)) {
    const before = chunk[at - 1] === carriageReturn ? at - 2 : at - 1
    if (chunk[before] === newline) return at
  }
  return -1
}
