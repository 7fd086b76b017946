// P: the chat SDK with its Telegram adapter and its state in Redis, one process, no queue. Model, tool and history are those of L.
import { setting } from './env.ts'
import { importInstalled } from './installed.ts'
import { openParts } from './parts.ts'
import { answer } from './turn.ts'

interface Sent {
  edit(text: string): Promise<Sent>
}
interface Thread {
  id: string
  post(text: string): Promise<Sent>
}
interface Chat {
  onDirectMessage(handle: (thread: Thread, message: { text: string }) => Promise<void>): void
  initialize(): Promise<void>
}
const { Chat } = await importInstalled<{ Chat: new (options: object) => Chat }>('chat')
const { createTelegramAdapter } = await importInstalled<{ createTelegramAdapter(options: object): object }>(
  '@chat-adapter/telegram',
)
const { createIoRedisState } = await importInstalled<{ createIoRedisState(options: object): object }>(
  '@chat-adapter/state-ioredis',
)

const silent = {
  debug() {},
  info() {},
  warn() {},
  error: (...what: unknown[]) => process.stderr.write(`${what}\n`),
  child: () => silent,
}
const telegram = createTelegramAdapter({
  botToken: setting('TELEGRAM_TOKEN'),
  apiUrl: setting('TELEGRAM_API_ROOT'),
  mode: 'polling',
  logger: silent,
})
const state = createIoRedisState({ url: setting('REDIS_SOCKET'), logger: silent })
const bot = new Chat({ userName: 'bench_bot', adapters: { telegram }, state, logger: silent })
const parts = await openParts()

bot.onDirectMessage(async (thread, { text }) => {
  let sent: Sent | undefined
  const platform = {
    async post(_chat: number, now: string): Promise<number> {
      sent = await thread.post(now)
      return 0
    },
    async edit(_chat: number, _message: number, now: string): Promise<void> {
      sent = await sent?.edit(now)
    },
  }
  await answer({ chat: Number(thread.id.split(':')[1]), text }, { ...parts, platform })
})
await bot.initialize()
process.on('SIGTERM', () => process.exit())
process.stdout.write('ready\n')
