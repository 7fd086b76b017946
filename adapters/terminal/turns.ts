import type { Button, Outgoing } from '../../src/adapter.ts'
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
  const replies = new Map<string, Reply>()
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
    },
    drop(question: string) {
      open.delete(question)
      settle()
    },
    show({ id, out, ...event }: ReplyEvent) {
      const known = replies.get(id)
      // Final text stays: the same again, or an edit that was overtaken, must not be written below it.
      if (state === 'ended' || (known?.out.final && (!out.final || out.text === known.out.text))) return
      const question = event.type === 'post' ? event.replyTo : known?.question
      replies.set(id, { question, out })
      paper.card(id, out)
      if (out.final && question) open.delete(question)
      settle()
    },
    /** Ctrl-C: the button to press, if there is one that was not pressed yet. With nothing to stop, or the second time, the talk ends. */
    interrupt(): Button | undefined {
      const stop = [...replies.values()].map(stopOf).findLast(button => button && !pressed.has(button.token))
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

const stopOf = ({ out }: Reply) => (out.final ? undefined : out.buttons.find(button => button.action === 'stop'))
