import type { Update } from 'grammy/types'
import { type Answer, type Payload, refuse } from './telegram-chats.ts'

interface Held {
  answer(answer: Answer): void
  allowed: string[] | undefined
  limit: number
  offset: number
}

/** The line of updates of one bot: each stays until a later one is asked for; a poll is held until there is something. */
export function createUpdates(bring: () => void) {
  let nextId = 800_100
  let line: Update[] = []
  let last: Update | undefined
  /** Delivered once whatever the offset says, as happens when a confirmation was lost. */
  let again: Update | undefined
  let held: Held | undefined

  function add(what: Omit<Update, 'update_id'>): Update {
    last = { update_id: nextId++, ...what }
    line.push(last)
    bring()
    serve()
    return last
  }

  function serve(): void {
    const { allowed, limit, offset } = held ?? {}
    if (!held) return
    const fits = (update: Update) => !allowed?.length || allowed.some(kind => kind in update)
    line = line.filter(fits)
    const due = [...(again ? [again] : []), ...line.filter(update => update.update_id >= (offset ?? 0))].slice(0, limit)
    if (due.length === 0) return
    again = undefined
    held.answer({ ok: true, result: due })
  }

  function poll(payload: Payload, gone: AbortSignal): Promise<Answer> {
    held?.answer(refuse(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running'))
    const offset = Number(payload['offset'] ?? 0)
    line = line.filter(update => update.update_id >= offset)
    return new Promise(resolve => {
      const ask: Held = {
        answer(answer) {
          clearTimeout(timer)
          if (held === ask) held = undefined
          resolve(answer)
        },
        allowed: payload['allowed_updates'] as string[] | undefined,
        limit: Number(payload['limit'] ?? 100),
        offset,
      }
      const none = () => ask.answer({ ok: true, result: [] })
      const timer = setTimeout(none, Number(payload['timeout'] ?? 0) * 1000)
      gone.addEventListener('abort', none)
      held = ask
      serve()
    })
  }

  return {
    add,
    poll,
    repeat() {
      again = last
      bring()
      serve()
    },
    /** The next update that `fits`; one that is to be repeated comes first. */
    next(fits: (update: Update) => boolean): Update | undefined {
      const repeated = again && fits(again) ? again : undefined
      if (repeated) again = undefined
      return repeated ?? line.find(fits)
    },
    drop(id: number) {
      line = line.filter(update => update.update_id !== id)
    },
    unconfirmed: () => line.map(update => update.update_id),
    polling: () => (held ? 1 : 0),
    close: () => held?.answer({ ok: true, result: [] }),
  }
}
