import type { Transcribe } from '../model.ts'
import { createClient, type EndpointOptions, placeOf } from './endpoint.ts'
import { explain } from './failure.ts'

/** Slow machines transcribe at about the speed of the recording; retried once, by the library. */
const limits = { timeout: 300_000, maxRetries: 1 }

/** Hears by the endpoint's `/audio/transcriptions`. Throws ConfigError for a base URL that is none. */
export function createTranscriber(options: EndpointOptions): Transcribe {
  const place = placeOf(options)
  const client = createClient(options) // the chat's own fetch knows no forms
  return async ({ name, mime, data }, signal) => {
    const file = new File([Buffer.from(data)], name, { type: mime })
    try {
      const { text } = await client.audio.transcriptions.create({ file, model: options.model }, { signal, ...limits })
      if (typeof text !== 'string') throw new Error('the answer holds no text')
      return text.trim()
    } catch (error) {
      signal.throwIfAborted()
      throw explain(error, place)
    }
  }
}
