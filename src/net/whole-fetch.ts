import { bytesOf, createRequests, headersOf } from './requests.ts'

/** As long as the global fetch keeps them. */
const idleMs = 4000

/** A fetch for calls whose request and answer are short texts, such as those of a bot's API; with any other body it is the global one. */
export function createWholeFetch(): typeof fetch {
  const send = createRequests({ idleMs })
  return async (input, init = {}) => {
    const { body } = init
    if (input instanceof Request || (body !== undefined && body !== null && typeof body !== 'string')) return fetch(input, init)
    try {
      const message = await send(new URL(input), init)
      const body = await bytesOf(message)
      const { statusCode: status = 0 } = message
      return new Response(body.length > 0 ? body : null, { status, headers: headersOf(message) })
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}
