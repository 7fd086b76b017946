// Telegram, a model and the people who talk, in a process of their own: forked by `../composition.ts`, which sends orders.
import { createDriver, type Drive, type Order } from './drive.ts'
import { startOpenAiWire } from './openai.ts'
import { startTelegramWire } from './telegram.ts'

const openai = await startOpenAiWire()
const driver = createDriver(openai)
const telegram = await startTelegramWire(driver.hear)

async function follow(order: Order): Promise<Drive> {
  telegram.delayMs = order.delays?.platformMs ?? 0
  openai.delayMs = order.delays?.modelMs ?? 0
  return driver.drive(telegram, order)
}

/** While a turn runs that takes two seconds, somebody else speaks once: a second time he might find the line free. */
async function followBeside(): Promise<Drive> {
  const slow = driver.ask(telegram, 'wait a while [slow]')
  await new Promise(resolve => setTimeout(resolve, 300))
  const beside = await driver.drive(telegram, { k: 1, turns: 1 })
  await slow
  return beside
}

process.on('message', ({ beside, ...order }: Order & { beside?: true }) => {
  const work = beside ? followBeside() : follow(order)
  work.then(
    drive => process.send?.({ drive }),
    (error: unknown) => process.send?.({ problem: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.({ telegramUrl: telegram.url, openaiUrl: openai.url })
