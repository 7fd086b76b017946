import type { Conversation } from '../message.ts'
import type { RedisHouse } from '../redis/redis.ts'

/** The wish that a running turn should end, heard by every worker at once. */
export interface StopWish {
  conversation: Conversation
  /** Only the turn with this token; absent: whichever runs there. */
  token?: string
  /** Native id of the person who wishes it; absent when it is not a wish but a fact, such as a question that was deleted. */
  by?: string
  /** What is to become of the turn: it says that it was stopped, begins anew with another text, or says that it was taken back. */
  how: 'stop' | 'restart' | 'withdraw'
}

export interface Stops {
  ask(wish: StopWish): Promise<void>
  listen(hear: (wish: StopWish) => void): Promise<void>
}

const channel = 'bellhop:stop'

export function createStops(house: RedisHouse): Stops {
  return {
    async ask(wish) {
      await house.redis.publish(channel, JSON.stringify(wish))
    },
    async listen(hear) {
      const subscriber = house.open()
      subscriber.on('message', (_channel: string, json: string) => hear(JSON.parse(json) as StopWish))
      await subscriber.subscribe(channel)
    },
  }
}
