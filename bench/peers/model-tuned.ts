import OpenAI from 'openai'
import { bodyOf, fetchByNode } from './node-fetch.ts'
import { readSaid } from './said.ts'
import type { Ask } from './turn.ts'

/** The library for keys, retries and errors; the request goes through node:http, and the stream is read here. */
export function createTunedModel(baseURL: string): Ask {
  const client = new OpenAI({ baseURL, apiKey: 'bench', fetch: fetchByNode })
  return async (messages, tools) => {
    const response = await client.chat.completions.create({ model: 'bench', messages, tools, stream: true }).asResponse()
    return readSaid(bodyOf(response))
  }
}
