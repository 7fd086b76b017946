// What a demo keeps of the bot's calls in one chat: plain data, from which the judge judges and the printer prints.

/** What a platform allows in a chat: the bucket of `platforms.md` §3.2. */
export interface Budget {
  burst: number
  refillMs: number
}

export interface Call {
  /** Milliseconds since 1970. */
  at: number
  method: string
  kind: 'post' | 'edit' | 'file' | 'other'
  /** What it says, or the name of the file. */
  text: string
  /** Labels below it. */
  buttons: string[]
  /** The message that it made or changed. */
  message?: string
  /** The status with which it was refused. */
  refused?: number
  /** The wire was told to refuse it. */
  injected: boolean
}

/** A message of the bot as it stands at the end. */
export interface Shown {
  id: string
  replyTo?: string
  text: string
  buttons: string[]
  /** What the file beside it says. */
  file?: string
}

export interface Asked {
  /** Native id of the question. */
  id: string
  question: string
  askedAt: number
  /** All that the model said in answer, as it said it. */
  said: string
  /** When the last of it had left the model; undefined while it has not. */
  saidAt: number | undefined
}

/** All that happened in one chat of one situation. */
export interface Talk {
  wire: 'Telegram' | 'Discord'
  place: string
  budget: Budget
  calls: Call[]
  shown: Shown[]
  asked: Asked[]
  /** For how long after a refusal that was injected nothing may be said here. */
  retryAfterMs?: number
  /** In this time another chat had to be silent: this one had to go on (milliseconds since 1970). */
  others?: { from: number; to: number }
}

/** What counts against the budget. */
export const isCounted = ({ kind }: Call): boolean => kind !== 'other'
