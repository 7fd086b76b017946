import type { Ask } from './ask.ts'
import type { Conversation, Heard, Message, Press } from './message.ts'

/**
 * A platform, seen from inside the house. An adapter knows text, buttons and ids; never tools, models or queues.
 * `post` and `edit` work without `start`, so that a worker can speak on a platform that another process listens to.
 */
export interface Adapter {
  readonly platform: string
  readonly limits: Limits
  /** Names what only one process at a time may listen with, such as a token's hash; absent where any number may. */
  readonly oneListener?: string
  /**
   * Listens until `stop`. A platform is told "received" only after `receive` has resolved; when it rejects, the event was not
   * kept and must be offered again. Throws ConfigError when the platform refuses the token or the set-up. A platform that can show a form
   * of its own asks `formFor` what is in it when a button `fill` is pressed, and hands over the press with its fields. One that can show that
   * the bot is at work leaves it to `signOfLife` when; it shows it at once where nobody says when.
   */
  start(receive: Receive, formFor?: FormFor, signOfLife?: SignOfLife): Promise<void>
  stop(): Promise<void>
  /**
   * Tells the platform the list of commands, if it changed since the last time. Called once after `start`. `suggest` knows what may be
   * typed for an option; it answers at once.
   */
  announce?(commands: CommandInfo[], suggest: Suggest): Promise<void>
  /**
   * Returns the id by which `edit` finds it again. Where `limits.keyedPosts` says so, the same `key` (at most 25 characters) within
   * minutes gives the message of the first time instead of a second one. A further part of an answer comes without `replyTo` and with
   * the id of the part before it as `after`: only who sees that one may see it. Throws RateLimited, Gone or Refused.
   */
  post(conversation: Conversation, out: Outgoing, replyTo?: string, key?: string, after?: string): Promise<string>
  /** Idempotent: the same text twice is no error. Throws RateLimited, Gone or Refused. */
  edit(conversation: Conversation, id: string, out: Outgoing): Promise<void>
  /**
   * Posts a file as a message of its own, as a picture where it is one; `key` is as in `post`, and `replyTo` may be the id of a part as
   * well: it says who may see the file. Absent where files cannot be shown.
   * Throws RateLimited, Gone, or Refused when the platform will never take it, such as for its size.
   */
  postFile?(conversation: Conversation, file: OutFile, replyTo?: string, key?: string): Promise<string>
  /** The files of an answer are posted before it, since nobody listens behind the last state of a reply. */
  readonly filesFirst?: true
  /** What happens while a question with `terms` is answered, by the `replyTo` of it. Absent where no program asks. */
  tell?(conversation: Conversation, replyTo: string, event: TurnEvent): Promise<void>
  /** What a person attached, by the `ref` of the `Attachment`. Throws Refused when it is larger than the platform hands out or `most` bytes. */
  fetchFile?(ref: string, most: number, signal: AbortSignal): Promise<Uint8Array>
}

/**
 * What happens while a program's question is answered: plain JSON. It may come again after a worker died: a call or a result then with the
 * same id, and a text from its beginning.
 */
export type TurnEvent =
  /** Of all that is said, from the character `at` on; now and then all of it, for whom something escaped. */
  | { type: 'text'; at: number; text: string }
  /** A tool of the house runs. */
  | { type: 'call'; id: string; name: string; label: string; input: Record<string, unknown> }
  /** `done` of `total` in the server's own unit. */
  | { type: 'progress'; id: string; done: number; total?: number; message?: string }
  /** `state` and `count` by the house's own judgement: `ok`, `empty`, `failed`, …; a long text is cut. */
  | { type: 'result'; id: string; name: string; ok: boolean; text: string; ms: number; state?: string; count?: number }
  | TurnEnd

export interface TurnEnd {
  type: 'end'
  /** `calls`: the program is to run them, and to ask again. `limit`: of steps, time or tokens. `used-up`: a budget. */
  how: 'answered' | 'calls' | 'limit' | 'stopped' | 'used-up' | 'failed'
  /** The whole answer, with what the house has to say below it. */
  text: string
  /** Why there is no good answer, in one sentence. */
  problem?: string
  calls?: { id: string; name: string; input: Record<string, unknown>; broken?: string }[]
  /** Tokens; `estimated` where the endpoint counted none. */
  usage: { input: number; output: number; estimated?: true }
  /** Which model answered, where several may. */
  model?: string
  /** Of `Terms.direct`: what the tool returned; its files are in the file store. Absent where it was not reached. */
  result?: {
    ok: boolean
    text: string
    files: { id: string; name: string; mime: string }[]
    /** The same as data; there, as `OfferedTool.outputSchema` promises it, wherever a tool with one has succeeded. */
    structured?: Record<string, unknown>
  }
  /** Of `Terms.direct`: what may be called. */
  tools?: OfferedTool[]
}

/** A tool, for a program that chooses itself. */
export interface OfferedTool {
  /** Stable, at most 64 characters of `[A-Za-z0-9_-]`. */
  name: string
  title: string
  description: string
  /** JSON Schema of an object. */
  inputSchema: Record<string, unknown>
  /** JSON Schema of what it returns as data; absent where it promises nothing. */
  outputSchema?: Record<string, unknown>
  /** What its server says of it, which is no promise. */
  readOnly: boolean
  repeatable: boolean
  /** Absent where it says nothing. */
  destructive?: boolean
  openWorld?: boolean
}

export interface OutFile {
  /** With an ending that fits, and nothing in it that could be a path. */
  name: string
  mime: string
  data: Uint8Array
}

/** At most 25 texts that may be meant by what was typed for an option; `filled` are the command's other options so far. */
export type Suggest = (command: string, option: string, typed: string, filled: Record<string, string>) => Promise<string[]>

export type Receive = (what: Heard) => Promise<void>

/** Calls `show` when the person who said this sees nothing else soon. Told of a message as soon as it is heard. */
export type SignOfLife = (message: Message, show: () => void) => void

/** The open question behind a button; undefined when it is closed, or not for this person. Answers within a second. */
export type FormFor = (press: Press) => Promise<Ask | undefined>

/** One message as it should look now. `text` is Markdown whose `limits.length` is at most `limits.chars`. */
export interface Outgoing {
  text: string
  buttons: Button[]
  /** True for the last state of a reply; false while the turn still runs. */
  final: boolean
}

export interface Button {
  label: string
  /** `action:token` has at most 64 bytes (Telegram's `callback_data`, the narrowest of all). */
  action: string
  token: string
  /** How it looks where buttons differ. */
  tone?: 'good' | 'bad'
}

export interface Limits {
  /** What one message holds, measured by `length`. */
  chars: number
  /** How long a piece of Markdown is once the platform has rendered it. */
  length(markdown: string): number
  /** The shortest time between two edits of one message that looks calm. */
  editEveryMs: number
  /** What the platform allows where this reply goes; absent where it has no limit. */
  pace?(conversation: Conversation, replyTo?: string): Pace
  /** A post can be repeated without harm when its outcome is unknown. */
  keyedPosts: boolean
}

/** Calls of one `lane` share a bucket that holds `burst` calls and gets one more every `refillMs`; edits keep a distance of `gapMs`. */
export interface Pace {
  lane: string
  burst: number
  refillMs: number
  gapMs: number
  /** A bucket that all lanes of the token share. */
  overall?: { lane: string; burst: number; refillMs: number }
}

/** A command as a platform announces it. */
export interface CommandInfo {
  name: string
  /** By language: `en` always, others where they exist. */
  description: Record<string, string>
  options: CommandOption[]
  /** The answer is for the eyes of who asked alone, where the platform can do that. */
  quiet?: true
}

export interface CommandOption {
  name: string
  description: Record<string, string>
  required: boolean
  /** `Suggest` knows what may be typed. */
  suggests?: true
}

/** A line of events per conversation that outlives a connection: what a worker writes, any gateway reads. */
export interface Feed {
  /** At least the newest `keep` events are kept; default: 100. */
  write(conversation: Conversation, event: unknown, keep?: number): Promise<void>
  /**
   * Every event written after `listen` has resolved, in order, once, until the returned function is called; with `past`, those of the
   * last minutes as well. `id` grows: two numbers with a hyphen between.
   */
  listen(conversation: Conversation, hear: (event: unknown, id: string) => void, past?: boolean): Promise<() => void>
}

/** A few words that an adapter keeps across restarts, such as which commands it last announced. */
export interface Memory {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
}

/** How far each conversation was heard, for a platform that does not deliver again what it could not deliver. */
export interface Bookmarks {
  /** The newest native message id that was kept. */
  set(conversation: Conversation, messageId: string): Promise<void>
  /** The conversations that were heard last, newest first. */
  recent(count: number): Promise<{ conversation: Conversation; messageId: string }[]>
}

/** One thing that an operator wanted looked at, in one line and without secrets; `fix` says what to do about it. */
export interface Finding {
  /** `doubtful`: it works, but less well than the operator may think. */
  state: 'good' | 'doubtful' | 'broken'
  /** What was looked at: `Discord`. */
  about: string
  found: string
  fix?: string
}

/** What a platform says of how the house is set up there. */
export interface Checkup {
  findings: Finding[]
  /** By how many milliseconds this machine's clock is ahead of the platform's; absent: the platform told no time. */
  aheadMs?: number
}
