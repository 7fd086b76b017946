// The whole house on its embedded Redis, which is killed in the middle of turns: nothing is lost, and nothing is said twice.
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { openRedis } from '../src/redis/redis.ts'
import { dataFolder, startProcess } from './processes.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const closers: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
  data.remove()
})

async function killRedis(): Promise<void> {
  const house = await openRedis({
    root: join(import.meta.dirname, '..'),
    dir: join(data.path, 'redis'),
    path: process.env['PATH'] ?? '',
    log: silentLog,
  })
  process.kill(Number(/process_id:(\d+)/.exec(await house.redis.info())?.[1]), 'SIGKILL')
  house.giveUp()
}

test('Redis is killed while questions are asked, answered and delivered: each gets its one answer, whole', async () => {
  const telegram = await startTelegramWire()
  closers.push(() => telegram.close())
  const words = Array.from({ length: 60 }, (_, at) => `word${at}`).join(' ')
  const openai = await startOpenAiWire({
    script: body => ({
      text: `Answer to ${body.messages.findLast(({ role }) => role === 'user')?.content}: ${words}`,
      tokenMs: 30,
    }),
  })
  closers.push(() => openai.close())
  const house = startProcess({
    DATA_DIR: data.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    OPENAI_BASE_URL: openai.url,
    LOG_LEVEL: 'warn',
  })
  closers.push(() => house.end())
  await house.says('Bellhop is up')

  const chats = [1, 2, 3, 4, 5, 6]
  const answers = (chat: number) => telegram.messages(chat).filter(({ bot }) => bot)
  for (const chat of chats) {
    telegram.say({ chat, from: { id: chat }, text: `question ${chat}` })
    if (chat === 2) await expect.poll(() => answers(1)[0]?.text).toContain('word3 ')
    if (chat % 2 === 0) await killRedis()
  }
  const whole = (chat: number) => `Answer to question ${chat}: ${words}`
  const shown = () => chats.map(chat => answers(chat).map(({ text, buttons }) => ({ text, buttons: buttons.length })))
  await expect.poll(shown, { timeout: 60_000 }).toEqual(chats.map(chat => [{ text: whole(chat), buttons: 0 }]))
  expect(telegram.unconfirmed()).toEqual([])
}, 90_000)
