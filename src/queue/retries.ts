import type { Conversation, Message } from '../message.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'

/** Questions that can be asked once more: the last one of each conversation, and those whose answer ended badly, for a day. */
export interface Retries {
  /** `token` is that of the button below the answer; without one only the last question is remembered. */
  keep(question: Asked, token?: string): Promise<void>
  /** By the token of the button; without one, the last question. */
  find(conversation: Conversation, token?: string): Promise<Asked | undefined>
  /** Puts the question into the inbox anew. False when somebody else has done so by the same button. */
  ask(question: Asked, event: string, token?: string): Promise<boolean>
}

export interface Asked {
  /** What was answered together. */
  messages: Message[]
  /** Native id of the reply's first message, in which the new answer is to come. */
  reply?: string
}

const lastSeconds = 7 * 86_400
const buttonSeconds = 86_400

/** The note makes the new turn begin in the old reply. */
const askScript = `
if ARGV[1] ~= '' and redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[3])
for at = 6, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[at]) end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], ARGV[5], ARGV[4]) end
return 1`

export function createRetries(redis: Redis): Retries {
  const keyOf = (conversation: Conversation, token: string | undefined) =>
    token === undefined ? keysOf(conversation).last : keysOf(conversation).retry(token)
  return {
    async keep(asked, token) {
      const [first] = asked.messages
      if (!first) return
      const json = JSON.stringify(asked)
      await redis.set(keyOf(first.conversation, undefined), json, 'EX', lastSeconds)
      if (token !== undefined) await redis.set(keyOf(first.conversation, token), json, 'EX', buttonSeconds)
    },
    async find(conversation, token) {
      const json = await redis.get(keyOf(conversation, token))
      return json === null ? undefined : (JSON.parse(json) as Asked)
    },
    async ask({ messages, reply = '' }, event, token) {
      const asked = messages.filter(({ withdrawn }) => !withdrawn)
      const anew = asked.map(({ resumed, ...message }) => ({ ...message, id: `${message.id}:${event}` }))
      const [first] = anew
      if (!first) return false
      const { conversation } = first
      const { inbox, unfinished, notes } = keysOf(conversation)
      const keys = [keyOf(conversation, token), inbox, unfinished, notes]
      const facts = [token ?? '', Date.now(), conversation, token === undefined ? '' : reply, first.id]
      const lines = anew.map(message => JSON.stringify(message))
      return (await runScript(redis, askScript, keys, [...facts, ...lines])) === 1
    },
  }
}
