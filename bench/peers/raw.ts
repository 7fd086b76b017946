// The physical limit in Node: the same turn with no library at all, in one process. A stream of Redis stands for the queue.
import { setting } from './env.ts'
import { send } from './node-fetch.ts'
import { connectRaw, type Reply } from './raw-redis.ts'
import { openRawTools } from './raw-tools.ts'
import { readSaid } from './said.ts'
import { answer, type ChatMessage, type Parts } from './turn.ts'

interface Update {
  update_id: number
  message: { chat: { id: number }; text: string }
}

const json = { 'content-type': 'application/json' }
const api = `${setting('TELEGRAM_API_ROOT')}/bot${setting('TELEGRAM_TOKEN')}`
const stream = 'turns'
const remembered = 50
const socket = setting('REDIS_SOCKET')
const [redis, ears] = [await connectRaw(socket), await connectRaw(socket)]

async function call<T>(method: string, payload: object): Promise<T> {
  let text = ''
  for await (const piece of (await send(`${api}/${method}`, 'POST', json, JSON.stringify(payload))).setEncoding('utf8'))
    text += piece
  return (JSON.parse(text) as { result: T }).result
}

const echo = {
  type: 'function' as const,
  function: {
    name: 'echo',
    description: 'Says the text again.',
    parameters: { type: 'object', properties: { text: { type: 'string' } } },
  },
}

const parts: Parts = {
  platform: {
    post: async (chat, text) => (await call<{ message_id: number }>('sendMessage', { chat_id: chat, text })).message_id,
    edit: async (chat, message, text) => void (await call('editMessageText', { chat_id: chat, message_id: message, text })),
  },
  async remember(chat, said) {
    const key = `history:${chat}`
    const [, , lines] = await redis(
      ['RPUSH', key, JSON.stringify(said)],
      ['LTRIM', key, -remembered, -1],
      ['LRANGE', key, -remembered, -1],
    )
    return (lines as string[]).map(line => JSON.parse(line) as ChatMessage)
  },
  async ask(messages, tools) {
    const body = JSON.stringify({ model: 'bench', messages, tools, stream: true })
    return readSaid((await send(`${setting('OPENAI_BASE_URL')}/chat/completions`, 'POST', json, body)).setEncoding('utf8'))
  },
  offered: [echo],
  callTool: openRawTools([new URL('../echo-server.ts', import.meta.url).pathname, setting('TOOL_MS')]),
}

async function hear(): Promise<void> {
  for (let offset = 0; ; ) {
    const updates = await call<Update[]>('getUpdates', { offset, timeout: 30 })
    const adding = updates.map(({ message }) => ['XADD', stream, '*', 'chat', message.chat.id, 'text', message.text])
    if (adding.length > 0) await redis(...adding)
    offset = (updates.at(-1)?.update_id ?? offset - 1) + 1
  }
}

/** `[[stream, [[id, [name, value, …]], …]]]`, or null where nothing came. */
type Read = [string, [string, string[]][]][] | null

async function work(): Promise<void> {
  for (let last = '0'; ; ) {
    const [read] = (await ears(['XREAD', 'BLOCK', 5000, 'STREAMS', stream, last])) as Reply[]
    for (const [id, [, chat, , text = '']] of (read as unknown as Read)?.[0]?.[1] ?? []) {
      last = id
      answer({ chat: Number(chat), text }, parts)
        .then(() => redis(['XDEL', stream, id]))
        .catch((error: unknown) => process.stderr.write(`${error}\n`))
    }
  }
}

process.on('SIGTERM', () => process.exit())
void Promise.all([hear(), work()])
process.stdout.write('ready\n')
