import OpenAI from 'openai'
import { take } from './said.ts'
import type { Ask, Said } from './turn.ts'

/** As the library's own page says it: `create({ stream: true })` and its iterator. */
export function createLibraryModel(baseURL: string): Ask {
  const client = new OpenAI({ baseURL, apiKey: 'bench' })
  return async (messages, tools) => {
    const said: Said = { text: '', calls: [] }
    const stream = await client.chat.completions.create({ model: 'bench', messages, tools, stream: true })
    for await (const chunk of stream) take(said, chunk)
    return said
  }
}
