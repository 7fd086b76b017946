import { setTimeout as sleep } from 'node:timers/promises'
import type { HouseProcess } from '../test/processes.ts'
import { exchange, head, jsonHead, openLine, posting, pour, type RawLine, residentOf, statusesIn } from '../test/raw-http.ts'

/** A gateway that is attacked, and how to know whether it is well. */
export interface Target {
  url: string
  /** Each may have 64 requests open. */
  keys: string[]
  gateway: HouseProcess
  /** A short question of somebody else: what of its answer was lost. */
  askOne(): Promise<string[]>
}

type Row = (name: string, ...cells: (string | number)[]) => void

const megabyte = 1_000_000

/** Each attack in turn, as large as those who attack make it; a row each of what was answered and what the gateway holds. */
export async function showHostile({ url, keys, gateway, askOne }: Target, row: Row): Promise<void> {
  const port = Number(new URL(url).port)
  const pid = gateway.child.pid
  const authOf = (at: number) => `Authorization: Bearer ${keys[at % keys.length]}\r\n`
  const auth = authOf(0)
  const v1 = { model: 'bellhop', stream: true, messages: [{ role: 'user', content: 'long 1' }] }
  const isWell = async () =>
    statusesIn(await exchange(port, `GET /health HTTP/1.1\r\n${head}Connection: close\r\n\r\n`, '127.0.0.9'))[0]
  const mb = (bytes: number) => `${Math.round(bytes / megabyte)} MB`

  async function attack(name: string, run: () => Promise<string>): Promise<void> {
    const before = residentOf(pid).now
    let peak = before
    const watch = setInterval(() => (peak = Math.max(peak, residentOf(pid).now)), 50)
    const said = await run()
    clearInterval(watch)
    row(name, said, `${mb(before)} / ${mb(peak)} / ${mb(residentOf(pid).now)}`, (await isWell()) === 200 ? 'well' : 'NOT WELL')
  }
  const body = (isChunked: boolean) => async () => {
    const { status, sent } = await pour(port, '/v1/chat/completions', 1000 * megabyte, isChunked, auth)
    return `${status} after ${mb(sent)}`
  }
  row('attack', 'answer', 'gateway resident before / peak / after', '/health')
  row('---', '---', '---', '---')
  await attack('body of 1 GB that says its length', body(false))
  await attack('body of 1 GB in chunks', body(true))
  await attack('JSON 100 000 levels deep, 50 times', async () => {
    const deep = `{"message":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const ask = `POST /chat HTTP/1.1\r\n${jsonHead}${auth}Connection: close\r\nContent-Length: ${deep.length}\r\n\r\n${deep}`
    return summary(await Promise.all(Array.from({ length: 50 }, () => exchange(port, ask))))
  })
  await attack('10 000 connections without whole headers', async () => {
    const halves = Array.from({ length: 10_000 }, () => openLine(port, 'POST /chat HTTP/1.1\r\nHost: loc'))
    await sleep(3000)
    const meanwhile = `another address meanwhile ${await isWell()}`
    await Promise.all(halves.map(({ closed }) => closed))
    return `${summary(halves.map(({ received }) => received()))}; ${meanwhile}`
  })
  const open = (count: number) =>
    Array.from({ length: count }, (_, at) => {
      const line = openLine(port, posting('/v1/chat/completions', v1, authOf(at)))
      line.socket.pause()
      return line
    })
  const leave = async (lines: RawLine[], said: string) => {
    const lost = (await Promise.all(Array.from({ length: 20 }, askOne))).flat()
    for (const { socket } of lines) socket.destroy()
    await sleep(2000)
    return `${said}; of 20 others meanwhile ${lost.length} lost something`
  }
  await attack('200 long answers that nobody reads, for 20 s', async () => {
    const lines = open(200)
    await sleep(20_000)
    return leave(lines, '200 left')
  })
  await attack('one that is read at 1 kB/s, for 10 s', async () => {
    const lines = open(1)
    for (let n = 0; n < 10; n++) {
      await sleep(1000)
      lines[0]?.socket.read(1000)
    }
    return leave(lines, '1 left')
  })
}

/** How many connections ended with which status; those without one were closed at once. */
function summary(received: string[]): string {
  const counts = new Map<string, number>()
  for (const one of received) {
    const status = String(statusesIn(one)[0] ?? 'closed')
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ')
}
