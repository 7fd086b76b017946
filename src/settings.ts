import type { Conversation } from './message.ts'
import { keysOf } from './redis/keys.ts'
import type { Redis } from './redis/redis.ts'

/** What the people of a conversation may choose, and from what; the first value is the one of who chose none. */
export const choices = {
  /** What becomes of a message that the asker sends while he is being answered: it waits, is handed to the turn, or ends it. */
  busy: ['queue', 'steer', 'interrupt'],
} as const

export type SettingName = keyof typeof choices
export type Setting<Name extends SettingName> = (typeof choices)[Name][number]

export interface Settings {
  get<Name extends SettingName>(conversation: Conversation, name: Name): Promise<Setting<Name>>
  /** Throws when the value is not among the choices. */
  set(conversation: Conversation, name: SettingName, value: string): Promise<void>
}

export const isSetting = (name: string): name is SettingName => Object.hasOwn(choices, name)
export const isChoice = (name: SettingName, value: string) => (choices[name] as readonly string[]).includes(value)

/** Kept for ever: a handful of bytes that somebody chose on purpose. */
export function createSettings(redis: Redis): Settings {
  return {
    async get(conversation, name) {
      const value = await redis.hget(keysOf(conversation).settings, name)
      return value !== null && isChoice(name, value) ? (value as Setting<typeof name>) : choices[name][0]
    },
    async set(conversation, name, value) {
      if (!isChoice(name, value)) throw new Error(`${value} is not one of ${choices[name].join(', ')}`)
      await redis.hset(keysOf(conversation).settings, name, value)
    },
  }
}
