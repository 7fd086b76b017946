import { randomBytes } from 'node:crypto'
import { ButtonStyle, ComponentType, MessageFlags, Routes } from 'discord.js'
import type { Adapter, Button, Outgoing } from '../../src/adapter.ts'
import { Gone } from '../../src/errors.ts'
import { addressOf, type Conversation } from '../../src/message.ts'
import type { Call } from './calls.ts'
import { formatInteraction, type Interaction, isFresh, parseInteraction } from './interaction.ts'
import { toDiscord } from './outbound.ts'

/**
 * Posting and editing, by REST alone. The answer to a slash command goes through its interaction as long as that is open,
 * and as an ordinary message of its channel afterwards; the id that `post` returns says which way to go.
 */
export function createSpeech(call: Call): Pick<Adapter, 'post' | 'edit'> {
  /** The interaction last answered in a conversation: where the bot is no member, more can only be said through it. */
  const answered = new Map<Conversation, Interaction>()

  async function postOriginal(conversation: Conversation, interaction: Interaction, out: Outgoing): Promise<string> {
    const messageId = await editThrough(interaction, '@original', out)
    for (const [key, old] of answered) if (!isFresh(old)) answered.delete(key)
    answered.set(conversation, interaction)
    return formatInteraction({ ...interaction, messageId })
  }

  /** Without a nonce, which Discord does not know here: an answer lost on the way can double it. */
  async function postFollowUp(interaction: Interaction, out: Outgoing): Promise<string> {
    const route = Routes.webhook(interaction.appId, interaction.token)
    const message = await call('POST', route, { auth: false, body: toBody(out) })
    return formatInteraction({ ...interaction, messageId: idOf(message) })
  }

  /** The nonce makes the call safe to repeat: Discord answers a second one with the message of the first ("Create Message"). */
  async function postInChannel(
    conversation: Conversation,
    out: Outgoing,
    messageId: string | undefined,
    key: string | undefined,
  ): Promise<string> {
    const reference = messageId ? { message_reference: { message_id: messageId, fail_if_not_exists: false } } : {}
    const nonce = key ?? randomBytes(12).toString('hex') // of at most 25 characters
    const body = { ...toBody(out), ...reference, nonce, enforce_nonce: true }
    return idOf(await call('POST', Routes.channelMessages(channelOf(conversation)), { body }))
  }

  async function editThrough({ appId, token }: Interaction, messageId: string, out: Outgoing): Promise<string> {
    return idOf(await call('PATCH', Routes.webhookMessage(appId, token, messageId), { auth: false, body: toBody(out) }))
  }

  return {
    async post(conversation, out, replyTo, key) {
      const interaction = parseInteraction(replyTo)
      const isFirst = interaction && answered.get(conversation)?.token !== interaction.token
      if (isFirst && isFresh(interaction)) {
        const id = await unlessGone(postOriginal(conversation, interaction, out))
        if (id) return id
      }
      try {
        return await postInChannel(conversation, out, interaction ? undefined : replyTo, key)
      } catch (error) {
        const open = interaction ?? answered.get(conversation)
        if (!(error instanceof Gone) || !open || !isFresh(open)) throw error
        return postFollowUp(open, out)
      }
    },
    async edit(conversation, id, out) {
      const interaction = parseInteraction(id)
      const messageId = interaction?.messageId ?? id
      if (interaction && isFresh(interaction) && (await unlessGone(editThrough(interaction, messageId, out)))) return
      idOf(await call('PATCH', Routes.channelMessage(channelOf(conversation), messageId), { body: toBody(out) }))
    },
  }
}

/** Undefined if this way is closed, so that another can be tried. */
async function unlessGone<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}

/** The same for a post and an edit: an edit that leaves out `allowed_mentions` would ping after all, and `flags` count as a whole. */
function toBody({ text, buttons }: Outgoing): object {
  return {
    content: toDiscord(text),
    components: buttons.length > 0 ? [{ type: ComponentType.ActionRow, components: buttons.map(toButton) }] : [],
    allowed_mentions: { parse: [], replied_user: false },
    flags: MessageFlags.SuppressEmbeds,
  }
}

function toButton({ label, action, token }: Button): object {
  const style = action === 'stop' ? ButtonStyle.Danger : ButtonStyle.Secondary
  return { type: ComponentType.Button, style, label: label.slice(0, 80), custom_id: `${action}:${token}` }
}

function channelOf(conversation: Conversation): string {
  return addressOf(conversation)[0] ?? ''
}

/** Something between us and Discord may answer in its place, with a page and status 200. */
function idOf(answer: unknown): string {
  if (typeof answer === 'object' && answer && 'id' in answer && typeof answer.id === 'string') return answer.id
  throw new Error('no answer from Discord: what came in its place is not a message')
}
