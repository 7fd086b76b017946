import { setTimeout as sleep } from 'node:timers/promises'
import type { Call, TelegramWire } from './telegram.ts'
import { lastWord } from './words.ts'

/** What the wires are told to do. Chats are taken one after the other, so that one is not asked again soon. */
export interface Order {
  /** Turns outstanding at a time. */
  k: number
  /** How long new turns are begun. */
  forMs?: number
  /** How many turns; what of the two comes first ends it. */
  turns?: number
  /** Between the end of a turn and the next message. */
  pauseMs?: number
  /** Messages a second, whatever is outstanding, as people speak who do not wait for each other: `k` is not looked at. */
  perSecond?: number
  /** So many chats take turns; many when absent. */
  chats?: number
  text?: string
  delays?: { platformMs: number; modelMs: number }
}

/** Milliseconds since the message was offered, of each turn that ended. */
export interface Turn {
  first: number
  final: number
  /** Of the final edit, since the model last said something to anybody: only of use where one turn is outstanding. */
  sinceModel: number
  /** Calls of the Bot API that change what is seen, and others such as "typing…". */
  shows: number
  others: number
}

export interface Drive {
  turns: Turn[]
  /** From the first message to the last final edit. */
  tookMs: number
  /** Steps that the model was asked for. */
  modelCalls: number
}

/** Chats are numbered from here on. */
export const firstChat = 1_000_000
/** Nobody waits longer for a turn: it is told as lost. */
const lostAfterMs = 60_000

interface Open {
  began: number
  first: number
  shows: number
  others: number
  end(turn: Turn): void
}

/** The people: says what an order wants said, and clocks what comes back. */
export function createDriver(model: { lastSaidAt: number; calls: number }) {
  const open = new Map<number, Open>()
  let chats = 0

  function hear({ method, chat, text, isOpen }: Call): void {
    const turn = open.get(chat)
    if (!turn) return
    const now = performance.now() - turn.began
    if (method === 'sendMessage' || method === 'editMessageText') turn.shows++
    else turn.others++
    if (method === 'sendMessage' && Number.isNaN(turn.first)) turn.first = now
    if (isOpen || !text.includes(lastWord)) return
    open.delete(chat)
    const sinceModel = performance.now() - model.lastSaidAt
    turn.end({ first: turn.first, final: now, sinceModel, shows: turn.shows, others: turn.others })
  }
  function ask(telegram: TelegramWire, chat: number, text: string): Promise<Turn> {
    const { promise, resolve, reject } = Promise.withResolvers<Turn>()
    const timer = setTimeout(() => reject(new Error(`no answer in chat ${chat} for ${lostAfterMs} ms`)), lostAfterMs)
    const end = (turn: Turn) => {
      clearTimeout(timer)
      resolve(turn)
    }
    open.set(chat, { began: performance.now(), first: Number.NaN, shows: 0, others: 0, end })
    telegram.say(chat, text)
    return promise
  }
  /** The same chat is asked again only after so many others, whose bucket of calls is full then; never while it waits for an answer. */
  function nextChat(ring = 20_000): number {
    if (open.size >= ring) throw new Error(`all of ${ring} chats wait for an answer`)
    const chat = firstChat + (chats++ % ring)
    return open.has(chat) ? nextChat(ring) : chat
  }

  return {
    hear,
    /** One turn in a chat of its own. */
    ask: (telegram: TelegramWire, text: string) => ask(telegram, nextChat(), text),
    async drive(telegram: TelegramWire, order: Order): Promise<Drive> {
      const before = model.calls
      const drive = await follow(order, text => ask(telegram, nextChat(order.chats), text))
      return { ...drive, modelCalls: model.calls - before }
    },
  }
}

async function follow(order: Order, ask: (text: string) => Promise<Turn>): Promise<Omit<Drive, 'modelCalls'>> {
  const { k, forMs = Number.POSITIVE_INFINITY, turns: most = Number.POSITIVE_INFINITY, pauseMs = 0, perSecond } = order
  const turns: Turn[] = []
  const began = performance.now()
  let asked = 0
  const goesOn = () => performance.now() - began < forMs && asked < most
  async function askOnce(): Promise<void> {
    asked++
    turns.push(await ask(order.text ?? 'say hello'))
  }
  async function lane(): Promise<void> {
    while (goesOn()) {
      await askOnce()
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }
  async function stream(every: number): Promise<void> {
    const under: Promise<void>[] = []
    while (goesOn()) {
      const one = askOnce()
      one.catch(() => {}) // told below
      under.push(one)
      const waitMs = began + asked * every - performance.now()
      if (waitMs > 1 || asked % 16 === 0) await sleep(Math.max(0, waitMs))
    }
    await Promise.all(under)
  }
  await (perSecond === undefined ? Promise.all(Array.from({ length: k }, lane)) : stream(1000 / perSecond))
  return { turns, tookMs: performance.now() - began - pauseMs }
}
