import type { Limit } from '../allowance.ts'
import type { Answer, Ask } from '../ask.ts'
import type { Missed } from '../media/attachments.ts'
import type { Entry, ToolCall, ToolEntry } from '../model.ts'
import type { ToolProgress } from '../toolbox.ts'

/**
 * What happens while a message is answered: one stream, which every door renders in its own way.
 * `entry` carries what belongs into the history; the others are for the eye.
 */
export type AgentEvent =
  | { type: 'text'; delta: string }
  /** The call is made only after whoever listens asks for the next event. */
  | { type: 'tool-start'; call: ToolCall; label: string }
  | { type: 'tool-progress'; callId: string; progress: ToolProgress }
  | { type: 'tool-end'; result: ToolEntry; ms: number }
  /** The call goes on when a person has answered; with `later` even after the worker is gone. */
  | { type: 'asked'; callId: string; ask: Ask; later?: unknown }
  | { type: 'answered'; token: string; answer: Answer }
  /** The asker said something that the turn hears before it goes on; `id` is the message's. */
  | { type: 'heard'; id: string; text: string }
  /** As in `ModelEvent`. */
  | { type: 'model'; name: string; instead: boolean }
  | { type: 'notice'; notice: Notice }
  | { type: 'entry'; entry: Entry }

/** What the house itself has to say about a turn; the reader's language is chosen where it is shown. */
export type Notice =
  | { kind: 'step-limit'; steps: number }
  | { kind: 'time-limit'; seconds: number }
  | { kind: 'token-limit'; tokens: number }
  | { kind: 'used-up'; limit: Limit }
  | { kind: 'nearly-used-up'; limit: Limit }
  /** What was said long ago is summed up from now on. */
  | { kind: 'summed-up' }
  | { kind: 'stopped' }
  /** The asker has said something new that is answered instead. */
  | { kind: 'interrupted' }
  /** The question was deleted. */
  | { kind: 'withdrawn' }
  | { kind: 'no-text'; id: string }
  /** Of an attachment. */
  | ({ kind: 'unread' } & Missed)
  /** `id` stands in the log beside the reason. */
  | { kind: 'failed'; id: string }
  | { kind: 'model-failed'; id: string; what: string }
  /** It was begun too often and never ended. */
  | { kind: 'set-aside'; id: string }
