import type { FetchLike } from '@modelcontextprotocol/client'
import { withBody } from './flow.ts'

/** The event streams that a server keeps open for what it tells unasked (before 2026, by GET). */
export interface Streams {
  /** `untried`: none was asked for yet. `refused`: the server offers none. */
  state(): 'untried' | 'open' | 'lost' | 'refused'
  /** Called when one is open again after the first, with whatever was told meanwhile unheard. */
  onBack(listener: () => void): void
  /** Called when the last one has ended, or could not be opened. */
  onLost(listener: () => void): void
}

/** Watches what the SDK opens: it opens a stream again twice and then never more, and does not say so. */
export function watchStreams(fetch: FetchLike): { fetch: FetchLike; streams: Streams } {
  let open = 0
  let opened = 0
  let state: ReturnType<Streams['state']> = 'untried'
  let back = () => {}
  let lost = () => {}

  function lose(): void {
    if (open > 0 || state === 'refused') return
    state = 'lost'
    lost()
  }

  async function openStream(url: string | URL, init: RequestInit | undefined): Promise<Response> {
    const response = await fetch(url, init).catch(error => {
      lose()
      throw error
    })
    // That a second one is one too many says that there is one. What else a client may get wrong, it gets wrong every time.
    if (response.status === 409) return response
    if (response.status >= 400 && response.status < 500 && opened === 0) state = 'refused'
    if (!response.ok || !response.body) {
      lose()
      return response
    }
    open++
    state = 'open'
    if (++opened > 1) back()
    return withBody(
      response,
      whenEnded(response.body, () => {
        open--
        lose()
      }),
    )
  }

  return {
    fetch: (url, init) => (init?.method === 'GET' ? openStream(url, init) : fetch(url, init)),
    streams: {
      state: () => state,
      onBack(listener) {
        back = listener
      },
      onLost(listener) {
        lost = listener
      },
    },
  }
}

/** The same bytes; `onEnd` is called once, however they end. */
function whenEnded(body: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let over = false
  const end = () => {
    if (!over) onEnd()
    over = true
  }
  return new ReadableStream({
    async pull(control) {
      try {
        const { value, done } = await reader.read()
        if (!done) return control.enqueue(value)
        end()
        control.close()
      } catch (error) {
        end()
        control.error(error)
      }
    },
    async cancel(reason) {
      end()
      await reader.cancel(reason)
    },
  })
}
