import { setTimeout as sleep } from 'node:timers/promises'
import { type APIMessage, MessageType, Routes } from 'discord.js'
import type { Call } from './calls.ts'

/** A reply as it came; `referenced_message` is null when what it answers was deleted. */
type Reply = Pick<APIMessage, 'type' | 'message_reference' | 'referenced_message' | 'channel_id'>

/** Nobody waits longer than this for the words that a question is about. */
const patienceMs = 2000

/** Discord did not look for the message that this one answers, which it may do ("Message Structure"): whether it was ours is not known. */
export function lacksQuote(native: Reply): boolean {
  const { type, referenced_message: quoted, message_reference: reference } = native
  return type === MessageType.Reply && quoted === undefined && reference?.message_id !== undefined
}

/** The same with the message that it answers, if that can be had within a short time. */
export async function withQuote<Native extends Reply>(native: Native, call: Call): Promise<Native> {
  const { message_id: id = '', channel_id = native.channel_id } = native.message_reference ?? {}
  const patience = new AbortController()
  const fetched = call('GET', Routes.channelMessage(channel_id, id), { once: true }).catch(() => undefined)
  const late = sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined)
  const quoted = await Promise.race([fetched, late]).finally(() => patience.abort())
  return isMessage(quoted) ? { ...native, referenced_message: quoted } : native
}

const isMessage = (answer: unknown): answer is APIMessage =>
  typeof answer === 'object' && answer !== null && 'author' in answer && 'content' in answer
