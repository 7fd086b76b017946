import type { ChatCompletionChunk } from 'openai/resources'
import type { Said } from './turn.ts'

/** Adds a chunk of a streamed answer to what was said so far. */
export function take(said: Said, { choices }: ChatCompletionChunk): void {
  const delta = choices[0]?.delta
  if (!delta) return
  if (delta.content) said.text += delta.content
  for (const { index, id, function: named } of delta.tool_calls ?? []) {
    said.calls[index] ??= { id: id ?? '', name: named?.name ?? '', arguments: '' }
    said.calls[index].arguments += named?.arguments ?? ''
  }
}

/** What was said in a stream of events whose data stands on one line each. */
export async function readSaid(body: AsyncIterable<string>): Promise<Said> {
  const said: Said = { text: '', calls: [] }
  let rest = ''
  for await (const piece of body) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data: {')) take(said, JSON.parse(line.slice(6)) as ChatCompletionChunk)
    }
  }
  return said
}
