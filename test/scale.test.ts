import { afterAll, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const processes: HouseProcess[] = []
afterAll(async () => {
  await Promise.all(processes.map(process => process.end()))
  data.remove()
})

test('one gateway and two workers: 200 messages in 50 conversations, each answered once, each conversation in order', async () => {
  const telegram = await startTelegramWire()
  const openai = await startOpenAiWire({
    script: body => ({ text: `answer to ${body.messages.findLast(({ role }) => role === 'user')?.content}` }),
  })
  const env = {
    DATA_DIR: data.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    OPENAI_BASE_URL: openai.url,
    LOG_LEVEL: 'warn',
  }
  for (const role of ['gateway', 'worker', 'worker']) {
    const house = startProcess({ ...env, ROLE: role })
    processes.push(house)
    await house.says('Bellhop is up')
  }
  for (let n = 0; n < 4; n++)
    for (let chat = 1; chat <= 50; chat++) telegram.say({ chat, from: { id: 100 * chat + (n % 2) }, text: `question ${n}` })

  const replies = (chat: number) => telegram.messages(chat).filter(({ bot }) => bot)
  const done = () =>
    Array.from({ length: 50 }, (_, at) => replies(at + 1))
      .flat()
      .filter(({ text }) => text?.startsWith('answer to')).length
  await expect.poll(done, { timeout: 60_000, interval: 100 }).toBe(200)
  const expected = Array.from({ length: 4 }, (_, n) => `answer to question ${n}`)
  for (let chat = 1; chat <= 50; chat++) expect(replies(chat).map(({ text }) => text)).toEqual(expected)
  expect(telegram.calls.filter(({ ok, method }) => !ok && method !== 'getUpdates')).toEqual([])
  expect(telegram.unconfirmed()).toEqual([])
  for (const house of processes) expect(house.output()).not.toContain('"level":50')
  await Promise.all([telegram.close(), openai.close()])
}, 90_000)
