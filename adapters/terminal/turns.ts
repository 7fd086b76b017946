import type { Button, Outgoing } from '../../src/adapter.ts'
import { createChoices, showChoices } from './choices.ts'
import type { Paper } from './paper.ts'

/** What travels over the feed from the worker that answers to the process that holds the terminal. */
export type ReplyEvent =
  | { type: 'post'; id: string; replyTo?: string; out: Outgoing }
  | { type: 'edit'; id: string; out: Outgoing }

interface Reply {
  /** The id of the message that it answers. */
  question: string | undefined
  out: Outgoing
}

/** Which questions are open, which replies are live, and when all is said: then `onEnd` is called, once. */
export function createTurns(paper: Paper, onEnd: () => void) {
  const open = new Set<string>()
  const replies = createReplies()
  const pressed = new Set<string>()
  let state: 'talking' | 'ending' | 'ended' = 'talking'
  let warned = false

  function leave(): void {
    if (state === 'ended') return
    state = 'ended'
    onEnd()
  }
  const settle = () => {
    if (state === 'ending' && open.size === 0) leave()
  }

  return {
    open(question: string) {
      open.add(question)
      warned = false
      replies.settle()
    },
    /** The button to press, if what was typed is its number. */
    choose: replies.choose,
    drop(question: string) {
      open.delete(question)
      settle()
    },
    show(event: ReplyEvent) {
      const reply = state === 'ended' ? undefined : replies.take(event)
      if (!reply) return
      paper.card(event.id, reply.out, replies.choicesOf(reply.out))
      if (reply.out.final && reply.question) open.delete(reply.question)
      settle()
    },
    /** Ctrl-C: the button to press, if there is one that was not pressed yet. With nothing to stop, or the second time, the talk ends. */
    interrupt(): Button | undefined {
      const stop = replies.stop(pressed)
      if (stop) {
        pressed.add(stop.token)
        warned = true
        paper.note('Stopping… Ctrl-C again to leave.')
      } else if (open.size > 0 && !warned) {
        warned = true
        paper.note('Nothing can be stopped yet. Ctrl-C again to leave.')
      } else leave()
      return stop
    },
    /** No more input: what is open may still be answered. */
    end() {
      if (state === 'talking') state = 'ending'
      settle()
    },
    /** Closed from outside: nobody is to be told. */
    forget() {
      state = 'ended'
    },
  }
}

/** The replies of a talk as they are now, and what is to be chosen below them. */
function createReplies() {
  const replies = new Map<string, Reply>()
  const choices = createChoices()

  function keep(id: string, reply: Reply): void {
    replies.set(id, reply)
    choices.update([...replies.values()].flatMap(({ out }) => out.buttons))
  }

  return {
    /** The reply as it is to be written; final text stays, so that the same again, or an edit that was overtaken, is none. */
    take({ id, out, ...event }: ReplyEvent): Reply | undefined {
      const known = replies.get(id)
      if (known?.out.final && !out.final) return undefined
      const reply = { question: event.type === 'post' ? event.replyTo : known?.question, out }
      keep(id, reply)
      return known?.out.final && out.text === known.out.text ? undefined : reply
    },
    /** The newest button that stops something, but for those that were pressed. */
    stop: (pressed: Set<string>): Button | undefined =>
      [...replies.values()].map(stopOf).findLast(button => button && !pressed.has(button.token)),
    /** The talk goes on: a number is no longer meant for what was answered before. */
    settle() {
      for (const [id, { out, ...reply }] of replies)
        if (out.final && out.buttons.length > 0) keep(id, { ...reply, out: { ...out, buttons: [] } })
    },
    choose: choices.find,
    choicesOf: ({ buttons }: Outgoing) => showChoices(choices.among(buttons)),
  }
}

const stopOf = ({ out }: Reply) => (out.final ? undefined : out.buttons.find(button => button.action === 'stop'))
