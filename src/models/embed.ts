import type { Embed } from '../model.ts'
import { createClient, type EndpointOptions, placeOf } from './endpoint.ts'
import { explain } from './failure.ts'

/** Retried once, by the library: who searches does not wait for long. */
const limits = { timeout: 30_000, maxRetries: 1 }

/** Makes vectors by the endpoint's `/embeddings`. Throws ConfigError for a base URL that is none. */
export function createEmbedder(options: EndpointOptions): Embed {
  const place = placeOf(options)
  const client = createClient(options)
  return async (texts, signal) => {
    try {
      // Local servers know no other encoding.
      const asked = { model: options.model, input: texts, encoding_format: 'float' as const }
      const { data } = await client.embeddings.create(asked, { signal, ...limits })
      const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding)
      if (vectors.length !== texts.length) throw new Error(`${vectors.length} vectors came for ${texts.length} texts`)
      return vectors
    } catch (error) {
      signal.throwIfAborted()
      throw explain(error, place)
    }
  }
}
