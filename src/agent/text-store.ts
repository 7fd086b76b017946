import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import type { Conversation } from '../message.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import type { Page, Pieces } from './pieces.ts'

/** What is told of a long text beside its pages. */
export type Contents = Pick<Pieces, 'kind' | 'head'> & { pages: number; pieces: number }

/** Long texts by the page. They fade as the conversation does, after a week, and are found in that conversation alone. */
export interface TextStore {
  /** Resolves with the reference by which it is read. */
  keep(conversation: Conversation, text: Pick<Pieces, 'kind' | 'head'>, pages: Page[]): Promise<string>
  /** Undefined when there is none of this reference, or none any more. */
  contents(conversation: Conversation, ref: string): Promise<Contents | undefined>
  /** `first` is counted from 1. */
  read(conversation: Conversation, ref: string, first: number, count: number): Promise<Page[]>
}

const keepSeconds = 7 * 86_400
/** Of pages at one command: what Redis and this process hold of it at once. */
const batch = 64
const [pack, unpack] = [promisify(deflateRaw), promisify(inflateRaw)]

export function createTextStore(redis: Redis): TextStore {
  const keyOf = (conversation: Conversation, ref: string) => keysOf(conversation).text(ref)
  return {
    async keep(conversation, { kind, head }, pages) {
      const ref = `r${randomBytes(5).toString('hex')}`
      const key = keyOf(conversation, ref)
      const pieces = pages.reduce((sum, page) => sum + page.pieces.length, 0)
      const contents: Contents = { kind, ...(head !== undefined && { head }), pages: pages.length, pieces }
      await redis.rpush(key, JSON.stringify(contents))
      await redis.expire(key, keepSeconds)
      for (let at = 0; at < pages.length; at += batch) {
        const packed = await Promise.all(pages.slice(at, at + batch).map(page => pack(JSON.stringify(page))))
        await redis.rpush(key, ...packed)
      }
      return ref
    },
    async contents(conversation, ref) {
      const line = await redis.lindex(keyOf(conversation, ref), 0)
      return line === null ? undefined : (JSON.parse(line) as Contents)
    },
    async read(conversation, ref, first, count) {
      const packed = await redis.lrangeBuffer(keyOf(conversation, ref), first, first + count - 1)
      return Promise.all(packed.map(async page => JSON.parse((await unpack(page)).toString()) as Page))
    },
  }
}
