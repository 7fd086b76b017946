/** The way to the answer of a slash command, as text that any process can hold: `interaction:app:token:heardAt[:message]`. */
export interface Interaction {
  appId: string
  token: string
  /** Milliseconds since 1970, by our clock. */
  heardAt: number
  /** Known once something has been posted. */
  messageId?: string
}

/** Discord keeps an interaction's token for 15 minutes ("Receiving and Responding"); the last one is left to slow calls. */
const freshMs = 14 * 60_000

export function formatInteraction({ appId, token, heardAt, messageId }: Interaction): string {
  return ['interaction', appId, token, heardAt, ...(messageId ? [messageId] : [])].join(':')
}

/** Undefined for the plain id of a message. */
export function parseInteraction(text: string | undefined): Interaction | undefined {
  const [, appId, token, heardAt, messageId] = /^interaction:(\d+):([^:]+):(\d+)(?::(\d+))?$/.exec(text ?? '') ?? []
  if (!appId || !token || !heardAt) return undefined
  return { appId, token, heardAt: Number(heardAt), ...(messageId ? { messageId } : {}) }
}

export const isFresh = ({ heardAt }: Interaction) => Date.now() - heardAt < freshMs
