import type { Update } from 'grammy/types'
import type { Notebook } from './notebook.ts'
import { type Bundle, bundle, chatOf } from './parts.ts'

/** The line of updates at one bot, as it is polled for. */
export interface Line {
  /** The first update that is not taken yet, or the next to come. */
  readonly offset: number
  /** Whether something lies in it whose other parts may still come. */
  readonly waits: boolean
  /**
   * Takes what Telegram tells to be in line, in order within each chat; a message that may still grow waits, and what stands behind it in
   * its chat. What is left is told by Telegram again, since the offset does not move past it. Rejects with what `take` rejects with.
   */
  bring(updates: Update[], take: (part: Update[]) => Promise<void>, closing: AbortSignal): Promise<void>
}

/** Clients send the parts at once; peers wait for half a second to a second and a half. */
const growMs = 1000

/** `notebook` keeps where messages were cut. */
export function createLine(notebook: Notebook): Line {
  const cuts = createCuts(notebook)
  /** Of what is taken, what Telegram will tell again: something before it waits. */
  const taken = new Set<number>()
  /** When the first part was seen, by its update. */
  const seenAt = new Map<number, number>()
  let offset = 0
  let waits = false

  function mayGrow({ open, updates: [first] }: Bundle): boolean {
    if (!open || !first) return false
    const now = performance.now()
    const since = seenAt.get(first.update_id) ?? now
    seenAt.set(first.update_id, since)
    return now - since < growMs
  }

  function advance(updates: Update[]): void {
    for (const { update_id } of updates) {
      if (!taken.delete(update_id)) return
      seenAt.delete(update_id)
      offset = update_id + 1
    }
  }

  return {
    get offset() {
      return offset
    },
    get waits() {
      return waits
    },
    async bring(updates, take, closing) {
      const waiting = new Set<number | undefined>()
      try {
        const left = updates.filter(({ update_id }) => !taken.has(update_id))
        for (const next of bundle(left, await cuts.all())) {
          if (closing.aborted) return
          const chat = next.updates[0] && chatOf(next.updates[0])
          if (waiting.has(chat) || mayGrow(next)) waiting.add(chat)
          else {
            if (next.open) await cuts.add(next.updates.at(-1)?.update_id ?? 0)
            await take(next.updates)
            for (const { update_id } of next.updates) taken.add(update_id)
          }
        }
      } finally {
        advance(updates)
        waits = waiting.size > 0
      }
    },
  }
}

/** More than one answer of Telegram's has. */
const rememberCuts = 100

/**
 * The updates after which a message was taken as whole, since it did not grow in time; written down before it is taken. Told by Telegram
 * again, after a crash, together with a part that came too late, it would be known by the id of its first part, and the late part lost.
 */
function createCuts(notebook: Notebook) {
  let known: number[] | undefined
  return {
    async all(): Promise<number[]> {
      known ??= (await notebook.read<number[]>('cuts')) ?? []
      return known
    },
    async add(update: number): Promise<void> {
      const after = [...(known ?? []), update].slice(-rememberCuts)
      await notebook.write('cuts', after)
      known = after
    },
  }
}
