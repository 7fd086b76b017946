import type { Message } from '../message.ts'

/** So much can a person say before the answer to all of it would become a lecture. */
const mostTogether = 10

/** Those of the waiting messages that one turn answers: the first, and what the same person said right behind it. */
export function groupOf(waiting: Message[]): Message[] {
  const [first] = waiting
  if (!first || first.alone || first.resumed) return waiting.slice(0, 1)
  const other = waiting.findIndex(message => message.alone || message.resumed || message.author.id !== first.author.id)
  return waiting.slice(0, Math.min(mostTogether, other < 0 ? waiting.length : other))
}
