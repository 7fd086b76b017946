import type { Message } from '../src/message.ts'
import type { Entry } from '../src/model.ts'
import { createInbox } from '../src/queue/inbox.ts'
import { createLeases } from '../src/queue/lease.ts'
import type { Redis } from '../src/redis/redis.ts'

/** What one conversation has behind it: a question of a line or two, an answer of a paragraph. */
export const talk = { turns: 10, questionChars: 120, answerChars: 480 }

const atOnce = 64

/** So many conversations that have ended, by way of the rooms that a real one goes through. */
export async function fill(redis: Redis, count: number, tell: (done: number) => void): Promise<void> {
  const rooms = { inbox: createInbox(redis), leases: createLeases(redis) }
  let next = 0
  async function lane(): Promise<void> {
    while (next < count) {
      const number = next++
      await converse(number, rooms)
      if (number % 5000 === 0) tell(number)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

interface Rooms {
  inbox: ReturnType<typeof createInbox>
  leases: ReturnType<typeof createLeases>
}

async function converse(number: number, { inbox, leases }: Rooms): Promise<void> {
  const chat = 100_000_000 + number
  const conversation = `telegram:${chat}`
  const lease = await leases.take(conversation, new AbortController().signal)
  for (let turn = 0; turn < talk.turns; turn++) {
    const seed = number * talk.turns + turn
    const message: Message = {
      id: `${conversation}:${turn * 2 + 1}`,
      conversation,
      author: { id: String(chat), name: 'Ada Lovelace', locale: 'en' },
      text: prose(seed, talk.questionChars),
      attachments: [],
      replyTo: String(turn * 2 + 1),
      sentAt: Date.now(),
      kind: 'chat',
    }
    const entries: Entry[] = [
      { role: 'user', text: message.text },
      { role: 'assistant', text: prose(seed + 7, talk.answerChars), calls: [] },
    ]
    await inbox.add(message)
    await inbox.finish([message], entries, lease)
  }
  await lease.release()
}

const words =
  'the a of to and in that it is was for on with as by at from this have not are but had which one all were her would there what so up out if about who get when make can like time just know take people into year your good some could them see other than then now look only come its over think also back after use two how our work first well way even new want because any these give day most us'.split(
    ' ',
  )

/** Exactly so many characters, different for each seed, so that nothing is stored cheaper than talk is. */
export function prose(seed: number, chars: number): string {
  let state = seed + 1
  let text = ''
  while (text.length < chars) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += `${words[(state >>> 8) % words.length]} `
  }
  return text.slice(0, chars)
}
