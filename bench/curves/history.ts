// How many messages a conversation has behind it. They go in through the inbox, which keeps what it keeps of them (the last 400), and while the
// house is warmed up it sums up what is older, as it does in a conversation that lasts: what is measured is its everyday life, sums included.
import type { Entry } from '../../src/model.ts'
import { createInbox } from '../../src/queue/inbox.ts'
import { createLeases } from '../../src/queue/lease.ts'
import { type Composition, openComposition } from '../composition.ts'
import { prose } from '../fill.ts'
import { bellhop } from '../recipes.ts'
import { firstChat } from '../wires/drive.ts'
import type { Curve } from './curve.ts'

/** Few enough to be filled, and many enough that one is always free. */
const chats = 32
/** Entries are put into the history so many at a time. */
const lump = 200
const [questionChars, answerChars] = [120, 480]

export const history: Curve = {
  name: 'history',
  axis: 'history, messages',
  sizes: [50, 400, 2000, 10_000],
  few: [50, 10_000],
  third: 'sentKb',
  async open(size, tell) {
    const composition = await openComposition(`${size}`, bellhop())
    tell(`filling ${chats} conversations of ${size}`)
    await Promise.all(Array.from({ length: chats }, (_, at) => fill(composition, firstChat + at, size)))
    return { composition, order: { chats }, warmTurns: 10 * chats }
  },
}

async function fill({ redis }: Composition, chat: number, size: number): Promise<void> {
  const conversation = `telegram:${chat}`
  const inbox = createInbox(redis)
  const lease = await createLeases(redis).take(conversation, new AbortController().signal)
  for (let from = 0; from < size; from += lump) {
    const author = { id: String(chat), name: 'Ada' }
    const said = { text: 'what I said', attachments: [], sentAt: Date.now(), kind: 'chat' as const }
    const message = { id: `${conversation}:filled-${from}`, conversation, author, ...said }
    await inbox.add(message)
    await inbox.finish([message], entries(from, Math.min(lump, size - from)), lease)
  }
  await lease.release()
}

const entries = (from: number, count: number) =>
  Array.from(
    { length: count },
    (_, at): Entry =>
      at % 2 === 0
        ? { role: 'user', text: prose(from + at, questionChars) }
        : { role: 'assistant', text: prose(from + at, answerChars), calls: [] },
  )
