// Half of the compositions L and T: grammY with its runner hears, BullMQ carries.
import { Queue } from 'bullmq'
import { Bot } from 'grammy'
import { setting } from './env.ts'
import { importInstalled } from './installed.ts'
import { connectRedis } from './parts.ts'

export interface Job {
  chat: number
  text: string
}

const { run } = await importInstalled<{ run(bot: Bot): unknown }>('@grammyjs/runner')

const queue = new Queue<Job>('turns', { connection: connectRedis() })
const bot = new Bot(setting('TELEGRAM_TOKEN'), { client: { apiRoot: setting('TELEGRAM_API_ROOT') } })
bot.on('message:text', async ({ message }) => {
  await queue.add('turn', { chat: message.chat.id, text: message.text }, { removeOnComplete: true })
})
await bot.init()
run(bot)
process.on('SIGTERM', () => process.exit())
process.stdout.write('ready\n')
