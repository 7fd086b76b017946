import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** The vector of a text, or how it is refused. */
export type Embeds = (text: string) => number[] | { status: number; message: string }

/** Answers `/embeddings`, out of order, as endpoints may; returns the texts. */
export async function sendVectors(request: IncomingMessage, response: ServerResponse, embeds: Embeds): Promise<string[]> {
  const { input } = JSON.parse(await text(request)) as { input: string[] }
  const vectors = input.map(embeds)
  const refusal = vectors.find(vector => !Array.isArray(vector))
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).toReversed()
  const usage = { prompt_tokens: 1, total_tokens: 1 }
  response.writeHead(refusal && 'status' in refusal ? refusal.status : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(refusal ? { error: refusal } : { object: 'list', data, model: 'wire', usage }))
  return input
}
