import { expect } from 'vitest'
import { dataFolder, startProcess } from './processes.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

/** One gateway and two workers, as processes with this environment: four messages in each of so many conversations, each answered once and in order. */
export async function answerFourIn(conversations: number, more: Record<string, string> = {}): Promise<void> {
  const chats = Array.from({ length: conversations }, (_, at) => at + 1)
  const data = dataFolder()
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
    ...more,
  }
  const processes = ['gateway', 'worker', 'worker'].map(role => startProcess({ ...env, ROLE: role }))
  try {
    await Promise.all(processes.map(house => house.says('Bellhop is up')))
    for (let n = 0; n < 4; n++)
      for (const chat of chats) telegram.say({ chat, from: { id: 100 * chat + (n % 2) }, text: `question ${n}` })

    const replies = (chat: number) => telegram.messages(chat).filter(({ bot }) => bot)
    const done = () => chats.flatMap(replies).filter(({ text }) => text?.startsWith('answer to')).length
    await expect.poll(done, { timeout: 60_000, interval: 100 }).toBe(4 * conversations)
    const expected = Array.from({ length: 4 }, (_, n) => `answer to question ${n}`)
    for (const chat of chats) expect(replies(chat).map(({ text }) => text)).toEqual(expected)
    expect(telegram.calls.filter(({ ok, method }) => !ok && method !== 'getUpdates')).toEqual([])
    expect(telegram.unconfirmed()).toEqual([])
    for (const house of processes) expect(house.output()).not.toContain('"level":50')
  } finally {
    const codes = await Promise.all(processes.map(house => house.end()))
    await Promise.all([telegram.close(), openai.close()])
    data.remove()
    expect(codes).toEqual([0, 0, 0])
  }
}
