import { createHash } from 'node:crypto'
import type { WireReply } from '../wire/openai.ts'

// What the model says to question n: always the same, so that what stands on a platform can be compared with it.

/** `plain` answers at once; `tools` looks up and writes down first; `long` needs several messages on every platform. */
type Kind = 'plain' | 'tools' | 'chatty' | 'long'

/** Every fifth question is answered without tools, every tenth at length; some turns say a word before their first call. */
export function kindOf(n: number): Kind {
  if (n % 10 === 7) return 'long'
  if (n % 5 === 3) return 'plain'
  return n % 4 === 1 ? 'chatty' : 'tools'
}

/** Numbers from here on are those that questions get when they are edited. */
export const editedFrom = 100_001

export const questionOf = (n: number) => `#${n} please, and take your time.`

/** The numbers of the questions that a text speaks of, in the order of their first appearance. */
export function numbersIn(text: string): number[] {
  return [...new Set([...text.matchAll(/#(\d+)\b/g)].map(match => Number(match[1])))]
}

/** What a model says before it calls tools; empty for most. */
export const preludeOf = (n: number) => (kindOf(n) === 'chatty' ? `I look #${n} up.` : '')

/** Paragraphs each of which names the question, so that every message of a long answer is known as a part of it. */
export function answerTo(n: number): string {
  const count = kindOf(n) === 'long' ? 26 : 3
  const paragraphs = Array.from({ length: count }, (_, at) => {
    const words = Array.from({ length: kindOf(n) === 'long' ? 24 : 9 }, (_, word) => wordOf(`${n}/${at}/${word}`))
    return `Part ${at + 1} of ${count} of the answer to #${n}: ${words.join(' ')}.`
  })
  return [...paragraphs, closingOf(n)].join('\n\n')
}

/** The last sentence of the answer: as long as it is missing, the answer is not whole. */
export const closingOf = (n: number) => `This was #${n}, checksum ${wordOf(`end ${n}`)}.`

const wordOf = (seed: string) => `w${createHash('sha1').update(seed).digest('hex').slice(0, 11)}`

/** Whether the house says that an earlier attempt has done it. */
const isDone = ({ messages }: Body, call: string) =>
  messages.some(({ role, content }) => role === 'system' && content?.includes(call))

interface Body {
  messages: { role: string; content: string | null; tool_calls?: unknown[] }[]
  tools?: { function: { name: string } }[]
}

/** How long an answer is streamed for. */
const streamMs = 1000

/** What the model says next. It knows from the transcript alone how far it is, whichever worker asks. */
export function modelScript(body: Body): WireReply {
  const last = body.messages.findLastIndex(({ role, tool_calls: calls }) => role === 'assistant' && !calls?.length)
  const turn = body.messages.slice(last + 1)
  const numbers = numbersIn(
    turn
      .filter(({ role }) => role === 'user')
      .map(({ content }) => content)
      .join('\n'),
  )
  const spoken = turn.filter(({ role }) => role === 'assistant').length
  const withTools = numbers.filter(n => kindOf(n) === 'tools' || kindOf(n) === 'chatty')
  if (spoken < 2 && withTools.length > 0 && body.tools?.length) {
    const name = spoken === 0 ? 'ledger__look_up' : 'ledger__write_down'
    const text = spoken === 0 ? withTools.map(preludeOf).filter(Boolean).join('\n\n') : ''
    const calls = withTools
      .map(n => ({ name, input: { n } }))
      .filter(call => !isDone(body, `${call.name} ${JSON.stringify(call.input)}`))
    if (calls.length > 0) return { ...(text && { text }), calls }
  }
  const text = numbers.map(answerTo).join('\n\n') || 'Which question?'
  return { text, tokenMs: Math.max(1, Math.round(streamMs / text.split(/\s+/).length)) }
}
