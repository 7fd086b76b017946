// The other half of L and T: answers by libraries alone.
import { Worker } from 'bullmq'
import { Api } from 'grammy'
import { setting } from './env.ts'
import type { Job } from './gateway.ts'
import { sendByNode } from './node-fetch.ts'
import { connectRedis, openParts } from './parts.ts'
import { answer } from './turn.ts'

const api = new Api(setting('TELEGRAM_TOKEN'), {
  apiRoot: setting('TELEGRAM_API_ROOT'),
  ...(setting('KIND') === 'tuned' && { fetch: sendByNode as never }), // its types know only the fetch of an old package
})
const platform = {
  post: async (chat: number, text: string) => (await api.sendMessage(chat, text)).message_id,
  edit: async (chat: number, message: number, text: string) => void (await api.editMessageText(chat, message, text)),
}
const parts = { ...(await openParts()), platform }
const worker = new Worker<Job>('turns', ({ data }) => answer(data, parts), {
  connection: connectRedis(),
  concurrency: Number(setting('CONCURRENCY')),
})
worker.on('failed', (_job, error) => process.stderr.write(`${error.stack}\n`))
await worker.waitUntilReady()
process.on('SIGTERM', () => process.exit())
process.stdout.write('ready\n')
