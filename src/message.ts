// What people do, in the house's own words: plain JSON, since it lies in Redis between the adapter that heard it and the worker that answers.

/** Where people talk to the bot: `platform:chat`, or `platform:chat:thread`; the parts after the platform are native ids. */
export type Conversation = string

export interface Author {
  /** Native id on its platform. */
  id: string
  name: string
  /** BCP 47, as the platform tells it: `en-US`, `zh-CN`. Absent where it tells none. */
  locale?: string
  /** The door knows him for an admin, by a key that says so; absent: ADMINS decides. */
  admin?: true
}

/** Something a person said to the bot. */
export interface Message {
  /** The same native event always gives the same id, so that a redelivery is recognised; begins with the platform's name. */
  id: string
  conversation: Conversation
  author: Author
  /** Without the mention of the bot. */
  text: string
  attachments: Attachment[]
  quoted?: Quoted
  /** Where the answer hangs: whatever the adapter needs to find it again, in its own spelling. */
  replyTo?: string
  /** Milliseconds since 1970, by the platform's clock. */
  sentAt: number
  /**
   * There when it was heard so late that nobody waits for an answer: the person is told, once, that what was said before this time
   * (milliseconds since 1970) is not answered.
   */
  unansweredBefore?: number
  /** `api` clients want the answer alone; in a `chat` the steps are shown as well. */
  kind: 'chat' | 'api'
  /** Others speak here too, so that it matters who said it. */
  shared?: true
  /** Somebody waits for the answer to this very message, on a line of his own: it is not answered together with others. */
  alone?: true
  /** Its turn has waited for a person, and goes on by itself. */
  resumed?: true
  /** It was taken back after its turn had begun. */
  withdrawn?: true
  /** There when a program asks, to which what happens is told as it happens: see `Adapter.tell`. */
  terms?: Terms
}

/** What a program lays down for one answer. Nobody is there to be asked anything, and nothing in the text is a command. */
export interface Terms {
  /** All that was said before, by its account: read in the place of what the house remembers. */
  past?: Said[]
  /** Calls that it was given and has run, with what came of them: they stand before the text, which may then be empty. */
  ran?: Said[]
  /** What is remembered of the turn; absent: all, as everywhere. */
  keeps?: 'answer' | 'nothing'
  /** Its own instructions, below those of the house. */
  instructions?: string
  /** What it runs itself: a call of one ends the turn. */
  tools?: CallerTool[]
  /** `none`: not even the house's tools are offered. Another name is that of the one tool which is called first. */
  choice?: 'none' | 'required' | { name: string }
  /** Which of the operator's models is asked first. */
  model?: string
  /** A model of its own, at an address that the operator allows; the key is sealed. */
  endpoint?: { baseUrl: string; model: string; sealedKey?: string }
  /** How long one step of the answer may be, in tokens. */
  maxTokens?: number
  /** For the model's endpoint, by the names of OpenAI's API. */
  parameters?: Record<string, unknown>
  /** No model is asked: this tool is called, or what may be called from here is told. The text is empty. */
  direct?: { tool: string; input: Record<string, unknown> } | 'list'
}

/** As the model reads it. */
export type Said =
  | { role: 'user'; text: string }
  | { role: 'assistant'; text: string; calls: { id: string; name: string; input: Record<string, unknown> }[] }
  | { role: 'tool'; callId: string; name: string; text: string; ok: boolean }

export interface CallerTool {
  /** As in `Tool.name`. */
  name: string
  description: string
  inputSchema: Record<string, unknown>
}

export interface Attachment {
  kind: 'image' | 'audio' | 'video' | 'file'
  name: string
  mime?: string
  bytes?: number
  /** How its adapter fetches it: a URL on Discord, a file id on Telegram. Never shown to anybody. */
  ref: string
}

/** The message that a person replied to. */
export interface Quoted {
  author: string
  text: string
  attachments: Attachment[]
}

/** A button that somebody pressed. */
export interface Press {
  id: string
  conversation: Conversation
  author: Author
  /** What the button does, such as `stop`. */
  action: string
  /** What it does it to: the `token` of the `Button`. */
  token: string
  /** What was filled into the form that the button opened, as it was typed; absent where no form was shown. */
  fields?: Record<string, string>
  /** A `replyTo` below which `post` says something that only who pressed gets to see; absent where nobody else is. */
  aside?: string
}

/** Somebody edited a message, or deleted it (`text` is undefined). */
export interface Change {
  /** The `id` of the `Message` that it once was. */
  id: string
  conversation: Conversation
  text: string | undefined
  /** The same native event always gives the same id, so that one that comes again does not undo a later one; absent where none comes again. */
  event?: string
  /** What is attached to it now; absent where that is as it was. */
  attachments?: Attachment[]
}

export type Heard = Message | Press | Change

export const isPress = (what: Heard): what is Press => 'action' in what
export const isMessage = (what: Heard): what is Message => 'sentAt' in what

/** `telegram:-100:7` → `telegram`. */
export function platformOf(conversation: Conversation): string {
  return conversation.slice(0, conversation.indexOf(':'))
}

/** `telegram:-100:7` → `['-100', '7']`. */
export function addressOf(conversation: Conversation): string[] {
  return conversation.split(':').slice(1)
}
