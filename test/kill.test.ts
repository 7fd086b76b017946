import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createHistory } from '../src/history.ts'
import { silentLog } from '../src/log.ts'
import { createInbox } from '../src/queue/inbox.ts'
import { openRedis, type RedisHouse } from '../src/redis/redis.ts'
import { aMessage, texts } from './fakes.ts'
import { dataFolder } from './processes.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const ledger = join(data.path, 'ledger')
let house: RedisHouse
let telegram: TelegramWire
beforeAll(async () => {
  house = await openRedis({
    root: join(import.meta.dirname, '..'),
    dir: data.path,
    path: process.env['PATH'] ?? '',
    log: silentLog,
  })
})
beforeEach(async () => {
  await house.redis.flushall()
  telegram = await startTelegramWire()
  writeFileSync(ledger, '')
})
afterAll(async () => {
  await house.close()
  data.remove()
})

/** Runs a worker that dies at this point, or lives when it never comes there. */
async function work(point: string): Promise<NodeJS.Signals | null> {
  const args = [join(import.meta.dirname, 'kill-worker.ts'), point, data.path, telegram.url, telegram.token, ledger]
  const [, signal] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')
  return signal as NodeJS.Signals | null
}

const points = [
  'after leases.take 1',
  'before journal.begin 1',
  'after journal.begin 1',
  'before telegram.post 1',
  'after telegram.post 1',
  'after journal.keepReplies 1',
  'before journal.keepSteps 1',
  'after journal.keepSteps 1',
  'before toolbox.call 1',
  'after toolbox.call 1',
  'after journal.keepSteps 2',
  'after journal.keepSteps 3',
  'before toolbox.call 2',
  'after toolbox.call 2',
  'before journal.keepSteps 4',
  'after journal.keepSteps 4',
  'before journal.keepFinal 1',
  'after journal.keepFinal 1',
  'before telegram.edit 1',
  'after telegram.edit 1',
  'before telegram.post 2',
  'after telegram.post 2',
  'after journal.keepReplies 2',
  'before telegram.edit 2',
  'after telegram.edit 2',
  'before inbox.finish 1',
  'after inbox.finish 1',
]

/** Telegram has no key by which a repeated post is recognised: what was posted and not kept is left standing, as a placeholder. */
const placeholders = ['💭 thinking…', '…']
/** The placeholder is posted while the model works, so that at its steps too a post may be under way. */
const mayOrphan = /^(after telegram\.post|(before|after) (journal\.keep(Step|Final)|toolbox\.call))/

describe('a worker that is killed, and another that goes on', () => {
  test.each(points)('%s', async point => {
    const message = aMessage('question', { conversation: 'telegram:42' })
    telegram.say({ text: 'question' })
    await createInbox(house.redis).add(message)
    expect(await work(point)).toBe('SIGKILL')
    expect(await work('never')).toBeNull()

    const replies = telegram.messages(42).filter(({ bot }) => bot)
    const orphans = replies.filter(({ text }) => placeholders.includes(text ?? ''))
    const answer = replies
      .filter(reply => !orphans.includes(reply))
      .map(({ text }) => text)
      .join(' ')
    expect(orphans.length).toBeLessThanOrEqual(mayOrphan.test(point) ? 1 : 0)
    expect(answer.match(/The answer\./g)).toHaveLength(1)
    expect(answer.match(/word/g)).toHaveLength(900)
    expect(answer.match(/The end\./g)).toHaveLength(1)

    const calls = readFileSync(ledger, 'utf8').trim().split('\n')
    expect(calls.filter(line => line === 'write_down').length).toBeLessThanOrEqual(1)

    const history = texts(await createHistory(house.redis).load('telegram:42'))
    // Begun when the worker died, it is not made again, and the model is told so.
    if (!calls.includes('write_down')) expect(history.join('\n')).toContain('Outcome unknown')
    expect(history.filter(line => line === 'user: question')).toHaveLength(1)
    expect(await createInbox(house.redis).waiting('telegram:42')).toEqual([])
    expect(await house.redis.keys('*:journal:*')).toEqual([])
    await telegram.close()
  })
})
