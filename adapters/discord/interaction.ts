import { type APIInteraction, ApplicationIntegrationType, InteractionContextType } from 'discord.js'

/**
 * The way to the answer of a slash command, or to who pressed a button, as text that any process can hold:
 * `interaction:app:token:heardAt[:marks.asker.locale][:message[+part]]`.
 */
export interface Interaction {
  appId: string
  token: string
  /** Milliseconds since 1970, by our clock. */
  heardAt: number
  /** Only who asked sees the answer: no word of it may go into the channel. */
  quiet?: true
  /** The bot is no member where it was asked: no word of it can go into the channel. */
  abroad?: true
  /** It was a press on a message of ours: what Discord calls the original answer is that message, which is not to be touched. */
  beside?: true
  /** Who asked: native id. */
  askerId?: string
  /** BCP 47. */
  locale?: string
  /** Known once something has been posted. */
  messageId?: string
  /** What was posted is not the message, but a file on it with this number in its name. */
  part?: number
}

/** Discord keeps an interaction's token for 15 minutes ("Receiving and Responding"); the last one is left to slow calls. */
const freshMs = 14 * 60_000

export function formatInteraction(way: Interaction): string {
  const { appId, token, heardAt, quiet, abroad, beside, askerId = '', locale = '', messageId, part } = way
  const marks = `${quiet ? 'q' : ''}${abroad ? 'a' : ''}${beside ? 'b' : ''}.${askerId}.${locale}`
  const posted = messageId && (part === undefined ? messageId : `${messageId}+${part}`)
  return ['interaction', appId, token, heardAt, ...(marks === '..' ? [] : [marks]), ...(posted ? [posted] : [])].join(':')
}

const written = /^interaction:(\d+):([^:]+):(\d+)(?::(q?)(a?)(b?)\.(\d*)\.([\w-]*))?(?::(\d+)(?:\+(\d+))?)?$/

/** Undefined for the plain id of a message. */
export function parseInteraction(text: string | undefined): Interaction | undefined {
  const [, appId, token, heardAt, quiet, abroad, beside, askerId, locale, messageId, part] = written.exec(text ?? '') ?? []
  if (!appId || !token || !heardAt) return undefined
  return {
    appId,
    token,
    heardAt: Number(heardAt),
    ...(quiet ? { quiet: true } : {}),
    ...(abroad ? { abroad: true } : {}),
    ...(beside ? { beside: true } : {}),
    ...(askerId ? { askerId } : {}),
    ...(locale ? { locale } : {}),
    ...(messageId ? { messageId } : {}),
    ...(part ? { part: Number(part) } : {}),
  }
}

/** The way to the answer of what was heard just now. */
export function wayTo(native: APIInteraction, quiet: boolean): Interaction {
  const askerId = (native.member?.user ?? native.user)?.id
  return {
    appId: native.application_id,
    token: native.token,
    heardAt: Date.now(),
    ...(quiet ? { quiet } : {}),
    ...(isAbroad(native) ? { abroad: true } : {}),
    ...(askerId ? { askerId } : {}),
    ...('locale' in native ? { locale: native.locale } : {}),
  }
}

/** The way to who pressed a button just now, and to nobody else. */
export const wayBeside = (native: APIInteraction): Interaction => ({ ...wayTo(native, true), beside: true })

/** A person who has installed the bot for himself can use it where nobody has invited it. */
function isAbroad({ context, authorizing_integration_owners: owners = {} }: APIInteraction): boolean {
  if (context === InteractionContextType.PrivateChannel) return true
  return context === InteractionContextType.Guild && owners[ApplicationIntegrationType.GuildInstall] === undefined
}

export const isFresh = ({ heardAt }: Interaction) => Date.now() - heardAt < freshMs

/** Its answer goes through the interaction or nowhere. */
export const isPrivate = ({ quiet, abroad }: Interaction) => Boolean(quiet ?? abroad)
