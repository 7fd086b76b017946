// A class stands here only if a caller acts differently upon it.

/** The platform asks for patience: wait, then edit with what is newest by then. */
export class RateLimited extends Error {
  override name = 'RateLimited'
  readonly retryAfterMs: number
  /** Nothing was refused: earlier answers of the platform tell that the call would have been, so it was not made. */
  readonly foretold: boolean
  constructor(retryAfterMs: number, foretold = false) {
    super(`rate limited for ${retryAfterMs} ms`)
    this.retryAfterMs = retryAfterMs
    this.foretold = foretold
  }
}

/** The message or the chat is gone, or the bot was shut out: speaking on is pointless. */
export class Gone extends Error {
  override name = 'Gone'
}

/** The platform will never take this message as it is: trying again is pointless, something else may be said. */
export class Refused extends Error {
  override name = 'Refused'
}

/** The house is closing: what was said was not kept, and is taken again after the next start. */
export class Closing extends Error {
  override name = 'Closing'
}

/** A turn waits for a person, and nobody waits with it: it goes on when he has answered. */
export class Parked extends Error {
  override name = 'Parked'
  /** Of the question. */
  readonly token: string
  constructor(token: string) {
    super('waiting for an answer')
    this.token = token
  }
}

/** The operator must mend the configuration: printed without a stack, exit code 1. Each problem is one sentence. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: string[]
  constructor(problems: string | string[]) {
    const list = [problems].flat()
    super(list.join('\n'))
    this.problems = list
  }
}

/** The model's endpoint could not answer. The message says which endpoint, what it said and what to do, and holds no secret. */
export class ModelError extends Error {
  override name = 'ModelError'
}
