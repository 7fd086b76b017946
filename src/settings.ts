import type { Conversation } from './message.ts'
import { keysOf } from './redis/keys.ts'
import type { Redis } from './redis/redis.ts'

/** What the people of a conversation may choose, and from what; the first value is the one of who chose none. */
export const choices = {
  /** What becomes of a message that the asker sends while he is being answered: it waits, is handed to the turn, or ends it. */
  busy: ['queue', 'steer', 'interrupt'],
  /** How much is shown of what tools do: a line for each step, one line for what runs now, or nothing. */
  steps: ['full', 'compact', 'off'],
  /** What the bot itself speaks; `auto`: the language that the platform tells of each person. */
  language: ['auto', 'en', 'zh'],
} as const

export type SettingName = keyof typeof choices
export type Setting<Name extends SettingName> = (typeof choices)[Name][number]
export type Chosen = { [Name in SettingName]: Setting<Name> }

export interface Settings {
  get<Name extends SettingName>(conversation: Conversation, name: Name): Promise<Setting<Name>>
  /** All at once, and the model. */
  all(conversation: Conversation): Promise<Chosen & { model?: string }>
  /** Throws when the value is not among the choices. */
  set(conversation: Conversation, name: SettingName, value: string): Promise<void>
  /** Which model shall be asked first here, in the operator's words; whether there still is one of that name nobody has looked. */
  model(conversation: Conversation): Promise<string | undefined>
  setModel(conversation: Conversation, name: string | undefined): Promise<void>
}

export const isSetting = (name: string): name is SettingName => Object.hasOwn(choices, name)
export const isChoice = (name: SettingName, value: string) => (choices[name] as readonly string[]).includes(value)
export const settingNames = Object.keys(choices) as SettingName[]

/** Beside the choices above: what there is to choose from is the operator's. */
const modelField = 'model'

/** Kept for ever: a handful of bytes that somebody chose on purpose. */
export function createSettings(redis: Redis): Settings {
  return {
    async get(conversation, name) {
      return orFirst(name, await redis.hget(keysOf(conversation).settings, name))
    },
    async all(conversation) {
      const values = await redis.hmget(keysOf(conversation).settings, ...settingNames, modelField)
      const model = values[settingNames.length] ?? undefined
      const chosen = Object.fromEntries(settingNames.map((name, at) => [name, orFirst(name, values[at])])) as Chosen
      return { ...chosen, ...(model !== undefined && { model }) }
    },
    async set(conversation, name, value) {
      if (!isChoice(name, value)) throw new Error(`${value} is not one of ${choices[name].join(', ')}`)
      await redis.hset(keysOf(conversation).settings, name, value)
    },
    async model(conversation) {
      return (await redis.hget(keysOf(conversation).settings, modelField)) ?? undefined
    },
    async setModel(conversation, name) {
      const { settings } = keysOf(conversation)
      await (name === undefined ? redis.hdel(settings, modelField) : redis.hset(settings, modelField, name))
    },
  }
}

/** What another version of this program has kept may be no choice any more. */
function orFirst<Name extends SettingName>(name: Name, value: string | null | undefined): Setting<Name> {
  return typeof value === 'string' && isChoice(name, value) ? (value as Setting<Name>) : choices[name][0]
}
