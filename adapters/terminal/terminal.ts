import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import type { Adapter, Button, Feed, Receive } from '../../src/adapter.ts'
import { Refused } from '../../src/errors.ts'
import { type Log, reason, silentLog } from '../../src/log.ts'
import type { Author } from '../../src/message.ts'
import { createLines, createScreen, type InputLine, type Output } from './paper.ts'
import { createTurns, type ReplyEvent } from './turns.ts'

export interface TerminalOptions {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: Output & NodeJS.WritableStream
  feed: Feed
  /** Whose conversation it is, so that its history goes on the next time; the user's name on this machine by default. */
  name?: string
  log?: Log
  /** The input has ended and every open question is answered, or the person pressed Ctrl-C twice. */
  onEnd?(): void
}

const prompt = 'you › '

/**
 * Talk on a terminal, or over a pipe: one line is one message, but the number of an open button presses it. A press has no aside, since nobody
 * else is here: what is posted in the conversation stands by itself below the card.
 */
export function createTerminalAdapter(options: TerminalOptions): Adapter {
  const { feed } = options
  const name = options.name ?? ownName()
  const conversation = `terminal:${name.replace(/[^A-Za-z0-9_-]+/g, '-') || 'you'}`
  let close: (() => void) | undefined

  return {
    platform: 'terminal',
    limits: { chars: 10_000_000, length: text => text.length, editEveryMs: 100, keyedPosts: true },
    async start(receive) {
      close = await openTalk(options, conversation, { id: name, name, ...localeOf() }, receive)
    },
    async stop() {
      close?.()
      close = undefined
    },
    async post(to, out, replyTo, key) {
      const id = key ?? randomUUID()
      await feed.write(to, { type: 'post', id, out, ...(replyTo === undefined ? {} : { replyTo }) } satisfies ReplyEvent)
      return id
    },
    edit: (to, id, out) => feed.write(to, { type: 'edit', id, out } satisfies ReplyEvent),
  }
}

/** Reads lines and shows replies until the returned function is called. */
async function openTalk(options: TerminalOptions, conversation: string, author: Author, receive: Receive): Promise<() => void> {
  const { input, output, feed, log = silentLog } = options
  const onScreen = output.isTTY === true
  const typed = onScreen && input.isTTY === true
  const lines = createInterface({ input, ...(typed ? { output, terminal: true, prompt } : { terminal: false }) })
  const paper = onScreen ? createScreen(output, typed ? inputLineOf(lines) : undefined) : createLines(output)
  const turns = createTurns(paper, () => options.onEnd?.())
  const listening = feed.listen(conversation, event => isReplyEvent(event) && turns.show(event))
  /** Messages are kept one after the other, in the order of their lines, and none before its reply can be heard. */
  let keeping: Promise<unknown> = listening

  const offer = (what: Parameters<Receive>[0]) => {
    keeping = keeping
      .then(() => receive(what))
      .catch((error: unknown) => {
        log.warn({ reason: reason(error) }, 'terminal: not kept')
        turns.drop(what.id)
        paper.note(
          error instanceof Refused
            ? error.message
            : 'That could not be kept because the queue is away: say it again in a moment.',
        )
      })
  }

  const press = ({ action, token }: Button) => offer({ id: `terminal:${randomUUID()}`, conversation, author, action, token })

  // Nothing is awaited before this: a pipe gives its lines, and its end, at once.
  lines.on('line', line => {
    paper.asked(line)
    const text = line.trim()
    if (!text) return
    const chosen = turns.choose(text)
    if (chosen) return press(chosen)
    const id = `terminal:${randomUUID()}`
    turns.open(id)
    offer({ id, conversation, author, text, attachments: [], replyTo: id, sentAt: Date.now(), kind: 'chat', alone: true })
  })
  lines.on('SIGINT', () => {
    const button = turns.interrupt()
    if (button) press(button)
  })
  lines.on('close', () => {
    paper.ended()
    turns.end()
  })
  if (typed) lines.prompt()
  const unlisten = await listening
  return () => {
    unlisten()
    turns.forget()
    lines.close()
  }
}

function inputLineOf(lines: Interface): InputLine {
  return {
    prompt,
    cursorRow: () => lines.getCursorPos().rows,
    redraw() {
      // Before it writes, readline climbs as many rows as it believes to stand below its prompt; the screen has climbed already.
      Object.assign(lines, { prevRows: 0 })
      lines.prompt(true)
    },
  }
}

function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return 'you' // A container may run under a number that has no name.
  }
}

function localeOf(): { locale?: string } {
  const { locale } = Intl.DateTimeFormat().resolvedOptions()
  return locale ? { locale } : {}
}

function isReplyEvent(event: unknown): event is ReplyEvent {
  if (typeof event !== 'object' || event === null) return false
  if (!('id' in event && 'out' in event && 'type' in event)) return false
  const { out } = event
  return typeof out === 'object' && out !== null && 'text' in out && 'buttons' in out
}
