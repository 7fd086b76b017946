import type { Answer, AskDraft } from './ask.ts'
import type { Entry, KeptFile, SourceState, Tool } from './model.ts'

/** Whose a server is: the house's, one person's (`user:discord:123`), or one place's (`place:telegram:-100:7`). */
export type Owner = 'house' | `user:${string}` | `place:${string}`

/** All tools of all servers that are up, under unique names. */
export interface Toolbox {
  /** In a stable order, so that a model's prompt cache holds. */
  list(): Tool[]
  /** The tool that `call` would run under this name, however it is spelled and whether or not its server is up. */
  resolve(name: string): Tool | undefined
  /** Never throws and always ends: a failed, timed-out or cancelled call is a result that the model reads and works around. */
  call(name: string, input: Record<string, unknown>, options: CallOptions): Promise<ToolResult>
  servers(): ServerStatus[]
  /** Absent: there are none. */
  prompts?: Prompts
}

/** Questions that servers have ready for people to choose from. */
export interface Prompts {
  /** Of all servers that are up, or were. Never rejects. */
  list(signal: AbortSignal): Promise<PromptInfo[]>
  /** What the model is to be asked. Rejects with a sentence, or as `CallOptions.ask` does. */
  get(
    server: string,
    name: string,
    values: Record<string, string>,
    options: Pick<CallOptions, 'signal' | 'ask' | 'resume'>,
  ): Promise<Exclude<Entry, { role: 'tool' }>[]>
  /** What may be meant by what somebody has typed for an argument. Rejects with a sentence. */
  complete(server: string, name: string, typing: Typing, signal: AbortSignal): Promise<string[]>
}

/** What somebody has typed for an argument, and for which others before. */
export interface Typing {
  argument: string
  typed: string
  known?: Record<string, string>
}

export interface PromptInfo {
  /** As in `ServerStatus.name`. */
  server: string
  name: string
  title?: string
  description?: string
  arguments: { name: string; description?: string; required: boolean }[]
}

export interface CallOptions {
  /** Cancels the call on the wire as well. */
  signal: AbortSignal
  onProgress(progress: ToolProgress): void
  /**
   * Asks the person who is being answered and waits for what he says; the clock of the call stands still meanwhile. With `later`, plain
   * JSON, the wait may end with Parked, which is to be rethrown: the same call is made again once he has answered, with it as `resume`.
   * Rejects with what aborted the signal. Absent where nobody can be asked.
   */
  ask?(draft: AskDraft, later?: unknown): Promise<Answer>
  /**
   * Told when a person has let the call be made, which nobody knew of before: resolves when it is kept that it begins, so that it is not
   * begun twice. Absent where nothing is kept.
   */
  begin?(): Promise<void>
  /** What `ask` was given as `later` in an earlier attempt at this call. */
  resume?: unknown
}

export interface ToolProgress {
  /** `done` of `total`, in the server's own unit; no `total` means that the end is not known. */
  done: number
  total?: number
  message?: string
}

export interface ToolResult {
  ok: boolean
  /** What the model reads: Markdown, JSON or plain words. Never empty, unless there are files. */
  text: string
  /** The same as data, where its server says it so and keeps its promise. */
  structured?: Record<string, unknown>
  /** Of the items in it, where its shape tells. */
  count?: number
  /** Only a part of it is in the text: which, and how to read on, in one line for the model. */
  more?: string
  /** What went wrong, where it is known otherwise than by the text. */
  fault?: SourceState
  /** The house itself did not let it be called. */
  refused?: Refusal
  /** What else it returned, as it came. */
  files?: ToolFile[]
  /** What was kept of the files. */
  kept?: KeptFile[]
}

/**
 * Why the house did not let a tool be called: a `rule`, a `person` who said no, `nobody` who answered in time, `unasked` since nobody can be
 * asked where it was called from, `unshown` since its arguments are too long to be shown to whoever would have to say yes.
 */
export type Refusal = 'rule' | 'person' | 'nobody' | 'unasked' | 'unshown'

/** Bytes of a server, which may be anything. */
export interface ToolFile {
  /** What the server calls it, which may be a path or an address. */
  name?: string
  data: Uint8Array
  /** Made for the model's eye, not to be posted (the `audience` of the block does not name the user). */
  unposted?: boolean
}

/** `degraded`: some of its calls fail. `error`: it cannot be reached, or most of its calls fail. `needs_auth`: it wants a sign-in. */
export type ServerState = 'connecting' | 'active' | 'degraded' | 'error' | 'needs_auth' | 'disabled'

export interface ServerStatus {
  /** The beginning of its tools' names. */
  name: string
  /** Absent: the house's. */
  owner?: Owner
  state: ServerState
  tools: number
  /** Why it is not active, in one sentence, without secrets. */
  error?: string
  /** What an operator should look at though it works, in one sentence. */
  note?: string
  /** How the server says it wants to be used. */
  instructions?: string
  /** Milliseconds that connecting and listing took. */
  connectMs?: number
}
