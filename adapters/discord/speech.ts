import { randomBytes } from 'node:crypto'
import { Routes } from 'discord.js'
import type { Adapter, Outgoing } from '../../src/adapter.ts'
import { Gone, Refused } from '../../src/errors.ts'
import { reason } from '../../src/log.ts'
import { addressOf, type Conversation } from '../../src/message.ts'
import { toBody, toFileBody } from './body.ts'
import { type Call, codeOf, isForbidden, missingPermissions } from './calls.ts'
import type { Complaints } from './complaints.ts'
import { type Interaction, isFresh, isPrivate, parseInteraction } from './interaction.ts'
import type { Refusals } from './refusals.ts'
import { createThroughInteraction, idOf, type Saying } from './through-interaction.ts'

export interface SpeechOptions {
  call: Call
  refusals: Refusals
  complaints: Complaints
}

/** Where something is to be said: to whom, under which key, and after which message of ours. */
interface Place {
  conversation: Conversation
  replyTo: string | undefined
  key: string | undefined
  way: Interaction | undefined
}

/**
 * Posting and editing, by REST alone. The answer to a slash command goes through its interaction as long as that is open,
 * and as an ordinary message of its channel afterwards, unless it may not or cannot be seen there; the id that `post` returns says
 * which way to go.
 */
export function createSpeech({ call, refusals, complaints }: SpeechOptions): Pick<Adapter, 'post' | 'edit' | 'postFile'> {
  const through = createThroughInteraction(call)
  const inChannel = createInChannel(call, refusals)

  async function say(place: Place, saying: Saying): Promise<string> {
    const { way } = place
    if (!way) return inChannel(place, saying)
    if (isPrivate(way)) return through.followUp(way, saying)
    try {
      return await inChannel({ ...place, replyTo: undefined }, saying)
    } catch (error) {
      if (!(error instanceof Gone || isForbidden(error)) || !isFresh(way)) throw error
      return through.followUp(way, saying)
    }
  }

  async function sayOrComplain(place: Place, saying: Saying, isFile: boolean): Promise<string> {
    try {
      return await say(place, saying)
    } catch (error) {
      const { conversation, replyTo, way } = place
      const asker = way?.askerId ? { id: way.askerId, ...(way.locale ? { locale: way.locale } : {}) } : undefined
      const messageId = way ? undefined : replyTo
      if (isForbidden(error)) complaints.tell({ conversation, error, isFile, messageId, asker })
      throw error
    }
  }

  return {
    async post(conversation, out, replyTo, key, after) {
      const asked = parseInteraction(replyTo)
      const saying = toSaying(out)
      const first = asked && !after && (await through.fill(asked, saying, key))
      if (first) return first
      return sayOrComplain({ conversation, replyTo, key, way: asked ?? parseInteraction(after) }, saying, false)
    },
    async postFile(conversation, file, replyTo, key) {
      const saying: Saying = { body: toFileBody(file), files: [file], asFile: () => file }
      return sayOrComplain({ conversation, replyTo, key, way: parseInteraction(replyTo) }, saying, true)
    },
    async edit(conversation, id, out) {
      const way = parseInteraction(id)
      const saying = toSaying(out)
      if (way && (await through.edit(way, saying))) return
      const channelId = channelOf(conversation)
      const route = Routes.channelMessage(channelId, way?.messageId ?? id)
      // apart from posts: whoever may not write may still edit what he has written
      idOf(await refusals.guard(`${channelId} edits`, () => call('PATCH', route, { body: saying.body })))
    },
  }
}

/** As a message of its own in the channel. The nonce makes the call safe to repeat: Discord answers a second one with the first message. */
function createInChannel(call: Call, refusals: Refusals) {
  async function post(channelId: string, { body, files }: Saying, messageId: string | undefined, nonce: string): Promise<string> {
    const reference = messageId ? { message_reference: { message_id: messageId, fail_if_not_exists: false } } : {}
    const whole = { ...body, ...reference, nonce, enforce_nonce: true }
    return idOf(await call('POST', Routes.channelMessages(channelId), { body: whole, files }))
  }

  async function postAnyhow(channelId: string, saying: Saying, messageId: string | undefined, nonce: string): Promise<string> {
    try {
      return await post(channelId, saying, messageId, nonce)
    } catch (error) {
      if (messageId === undefined || codeOf(error) !== mayNotReadHistory) throw error
      return post(channelId, saying, undefined, nonce)
    }
  }

  return async ({ conversation, replyTo, key }: Place, saying: Saying): Promise<string> => {
    const channelId = channelOf(conversation)
    const nonce = key ?? randomBytes(12).toString('hex') // of at most 25 characters
    const make = () => postAnyhow(channelId, saying, replyTo, nonce)
    if (saying.files.length === 0) return refusals.guard(channelId, make)
    return refusals.guard(`${channelId} files`, make).catch((error: unknown) => {
      throw codeOf(error) === missingPermissions ? refusedFile(error) : error
    })
  }
}

/** "Cannot reply without permission to read message history": it can still be said without showing what it answers. */
const mayNotReadHistory = 160002

/** Words may still be said where files may not. */
function refusedFile(error: unknown): Error {
  return Object.assign(new Refused(reason(error)), { code: codeOf(error) })
}

function toSaying(out: Outgoing): Saying {
  const asFile = (name: string) => ({ name, mime: 'text/markdown', data: new TextEncoder().encode(out.text) })
  return { body: toBody(out), files: [], asFile }
}

function channelOf(conversation: Conversation): string {
  return addressOf(conversation)[0] ?? ''
}
