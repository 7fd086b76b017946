import type { IncomingMessage } from 'node:http'
import { bytesOf, createRequests } from './requests.ts'

/** What a caller of a bot's API wants of an answer, which the answer of any fetch has. */
export type WholeAnswer = Pick<Response, 'ok' | 'status' | 'json' | 'text'> & { headers: Pick<Headers, 'get'> }

export type WholeFetch = (input: string | URL | Request, init?: RequestInit) => Promise<WholeAnswer>

/** As long as the global fetch keeps them. */
const idleMs = 4000

/** A fetch for calls whose request and answer are short texts, such as those of a bot's API; with any other body it is the global one. */
export function createWholeFetch(): WholeFetch {
  const send = createRequests({ idleMs })
  return async (input, init = {}) => {
    const { body } = init
    if (input instanceof Request || (body !== undefined && body !== null && typeof body !== 'string')) return fetch(input, init)
    try {
      const message = await send(new URL(input), init)
      return toAnswer(message, (await bytesOf(message)).toString())
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

/** A Response would read the text through a stream, and check each header. */
function toAnswer({ statusCode: status = 0, headers }: IncomingMessage, text: string): WholeAnswer {
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: name => [headers[name.toLowerCase()] ?? []].flat().join(', ') || null },
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  }
}
