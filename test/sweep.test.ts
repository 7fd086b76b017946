// The whole house: a worker looks by itself, again and again, for mail that nobody rang for.
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { createInbox } from '../src/queue/inbox.ts'
import { openRedis } from '../src/redis/redis.ts'
import { aMessage } from './fakes.ts'
import { dataFolder, startProcess } from './processes.ts'
import { startTelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const closers: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
  data.remove()
})

test('mail that is kept and never rung for is answered while a worker stands', async () => {
  const house = await openRedis({
    root: join(import.meta.dirname, '..'),
    dir: join(data.path, 'redis'), // where the worker finds its own
    path: process.env['PATH'] ?? '',
    log: silentLog,
  })
  closers.push(() => house.close())
  const telegram = await startTelegramWire()
  closers.push(() => telegram.close())
  const worker = startProcess({
    ROLE: 'worker',
    DATA_DIR: data.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    LOG_LEVEL: 'warn',
  })
  closers.push(() => worker.end())
  await worker.says('Bellhop is up')
  telegram.say({ text: 'hello' })
  await createInbox(house.redis).add(aMessage('hello', { conversation: 'telegram:42' }))
  const answers = () => telegram.messages(42).filter(({ bot, buttons }) => bot && buttons.length === 0)
  await expect.poll(answers, { timeout: 40_000 }).toHaveLength(1)
}, 60_000)
