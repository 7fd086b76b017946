import type { RedisHouse } from '../redis/redis.ts'

/** Word of one kind to every process that listens, at once; who does not listen now never hears it. */
export interface Wire<Word> {
  send(word: Word): Promise<void>
  listen(hear: (word: Word) => void): Promise<void>
}

export function createWire<Word>(house: Pick<RedisHouse, 'redis' | 'open'>, channel: string): Wire<Word> {
  return {
    async send(word) {
      await house.redis.publish(channel, JSON.stringify(word))
    },
    async listen(hear) {
      const subscriber = house.open()
      subscriber.on('message', (_channel: string, json: string) => hear(JSON.parse(json) as Word))
      await subscriber.subscribe(channel)
    },
  }
}
