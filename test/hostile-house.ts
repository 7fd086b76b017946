// A web door in a process of its own, with what answers behind it and a feed between: `node test/hostile-house.ts '<options as JSON>'`.
import { setImmediate as breathe } from 'node:timers/promises'
import { createWebAdapter, type WebOptions } from '../adapters/web/web.ts'
import type { Feed } from '../src/adapter.ts'
import { createLog } from '../src/log.ts'
import { isMessage, type Message } from '../src/message.ts'

type Hear = (event: unknown, at: string) => void

/** As the real one, but it keeps nothing: whoever comes late has missed it. */
function passingFeed(): Feed {
  const rooms = new Map<string, Set<Hear>>()
  let count = 0
  return {
    async write(conversation, event) {
      const at = `1-${++count}`
      for (const hear of rooms.get(conversation) ?? []) hear(JSON.parse(JSON.stringify(event)), at)
    },
    async listen(conversation, hear) {
      const room = rooms.get(conversation) ?? new Set()
      rooms.set(conversation, room.add(hear))
      return () => {
        room.delete(hear)
        if (room.size === 0) rooms.delete(conversation)
      }
    },
  }
}

const options: WebOptions = {
  host: '127.0.0.1',
  port: 0,
  apiKeys: [],
  feed: passingFeed(),
  status: async () => ({ ready: true, queue: 'ok', model: 'm', servers: [] }),
  log: createLog('debug', false, text => text),
  ...(JSON.parse(process.argv[2] ?? '{}') as Partial<WebOptions>),
}
const door = createWebAdapter(options)
const worker = createWebAdapter(options)
let withdrawn = 0

/** `never` is not answered; `long <count>` with so many times 1000 characters, told one by one, or as ten cards; all else with itself. */
async function answer({ conversation, text, replyTo = '', terms }: Message): Promise<void> {
  const [word = '', count = '0'] = text.split(' ')
  if (word === 'never') return
  const whole = word === 'long' ? 'x'.repeat(1000 * Number(count)) : `echo: ${text}`
  const id = await worker.post(conversation, { text: '…', buttons: [], final: false }, replyTo)
  const size = terms ? 1000 : whole.length / 10
  for (let at = 0; at < whole.length && word === 'long'; at += size) {
    if (terms) await worker.tell?.(conversation, replyTo, { type: 'text', at, text: whole.slice(at, at + size) })
    else await worker.edit(conversation, id, { text: whole.slice(0, at + size), buttons: [], final: false })
    await breathe()
  }
  const usage = { input: 1, output: 1 }
  if (terms) await worker.tell?.(conversation, replyTo, { type: 'end', how: 'answered', text: whole, usage })
  await worker.edit(conversation, id, { text: whole, buttons: [], final: true })
}

await door.start(async heard => {
  if (isMessage(heard)) void answer(heard)
  else if (!('action' in heard)) process.stdout.write(`[withdrawn] ${++withdrawn}\n`)
})
process.on('SIGTERM', () => void door.stop().then(() => process.exit(0)))
process.stdout.write(`[listening] ${door.url}\n`)
