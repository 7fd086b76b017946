import type { Conversation } from '../message.ts'
import type { RedisHouse } from '../redis/redis.ts'
import { createWire, type Wire } from './wire.ts'

/** Word to the turn that runs in a conversation, heard by every worker at once. */
export interface Signal {
  conversation: Conversation
  /** Only the turn with this token; absent: whichever runs there. */
  token?: string
  /** Native id of the person who wishes it; absent when it is not a wish but a fact, such as a question that was deleted. */
  by?: string
  /**
   * What is to become of the turn: it says that it was stopped, begins anew with other words, or says that it was taken back; with
   * `mail` it looks what waits behind it, with `answered` whether what it has asked is answered.
   */
  what: 'stop' | 'restart' | 'withdraw' | 'mail' | 'answered'
}

export type Signals = Wire<Signal>

export const createSignals = (house: Pick<RedisHouse, 'redis' | 'open'>): Signals => createWire(house, 'bellhop:signals')
