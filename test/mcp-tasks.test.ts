// Calls that become tasks, and what servers write for their operator.
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer, AskDraft } from '../src/ask.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import type { Log } from '../src/log.ts'
import type { ToolProgress } from '../src/toolbox.ts'
import { serveByHand } from './wire/mcp/by-hand.ts'
import { closeAll, closeWithTest, openHost, program, remote } from './wire/mcp/start.ts'
import { createTaskHand } from './wire/mcp/tasks.ts'

afterEach(closeAll)

const here = `${import.meta.dirname}/wire/mcp`

async function start(by: string, more: Partial<ServerConfig>): Promise<{ config: ServerConfig; lines(): string[] }> {
  if (by === 'Streamable HTTP') {
    const lines: string[] = []
    const { url } = closeWithTest(
      await serveByHand(
        'http',
        createTaskHand(line => lines.push(line)),
      ),
    )
    return { config: remote(url, 'http', {}, { name: 'jobs', ...more }), lines: () => lines }
  }
  const ledger = join(await mkdtemp(join(tmpdir(), 'bellhop-tasks-')), 'ledger')
  const config = program('jobs', [`${here}/tasks.ts`], more, { LEDGER: ledger })
  return { config, lines: () => readFileSync(ledger, 'utf8').split('\n') }
}

async function open(by: string, more = {}) {
  const { config, lines } = await start(by, more)
  const host = openHost()
  await host.start([config])
  const progress: ToolProgress[] = []
  const asked: AskDraft[] = []
  const ask = async (draft: AskDraft): Promise<Answer> => {
    asked.push(draft)
    return { how: 'yes', values: { room: 'sea' } }
  }
  const call = (name: string, signal = new AbortController().signal) =>
    host.call(`jobs__${name}`, {}, { signal, ask, onProgress: one => progress.push(one) })
  const heard = (method: string) => lines().filter(line => line.startsWith(method))
  return { call, asked, progress, heard }
}

describe.each(['stdio', 'Streamable HTTP'])('over %s', by => {
  test('a call that becomes a task is asked after until it is done, and tells how far it is', async () => {
    const { call, progress, heard } = await open(by, { callMs: 200 })
    expect(await call('slow')).toEqual({ ok: true, text: 'done' })
    expect(progress.map(({ message }) => message)).toEqual(['step 1', 'step 2'])
    expect(heard('tasks/get')).toEqual(Array(3).fill('tasks/get t-1'))
  })

  test('a task asks the person once, though it names its question until it has seen the answer', async () => {
    const { call, asked } = await open(by)
    expect(await call('asks')).toEqual({ ok: true, text: 'the room: sea' })
    expect(asked).toHaveLength(1)
  })

  test('a task that fails is a failed call, and the server is none the worse for it', async () => {
    const { call } = await open(by)
    expect(await call('fails')).toEqual({ ok: false, text: 'the task failed: no room' })
  })

  test.each(['the caller', 'the time'])('a task that is given up by %s is cancelled', async who => {
    const { call, heard } = await open(by, who === 'the time' ? { maxCallMs: 500 } : {})
    const control = new AbortController()
    const result = call('endless', control.signal)
    await expect.poll(() => heard('tasks/get').length).toBeGreaterThan(1)
    if (who === 'the caller') control.abort()
    expect((await result).text).toContain(who === 'the time' ? 'not finished after' : 'cancelled')
    await expect.poll(() => heard('tasks/cancel')).toEqual(['tasks/cancel t-1'])
  })
})

describe.each(['legacy', 'modern'])('what a %s server writes for its operator', era => {
  test('is told to whoever looks closely; that it warns, to everybody, and once', async () => {
    const lines: Record<keyof Log, string[]> = { debug: [], info: [], warn: [], error: [] }
    const write = (level: keyof Log) => (facts: object, event: string) =>
      void lines[level].push(`${event} ${JSON.stringify(facts)}`)
    const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
    const host = openHost({ log })
    await host.start([program('talks', [`${here}/logging.ts`, era])])
    const options = { signal: new AbortController().signal, onProgress() {} }
    await host.call('talks__talk', {}, options)
    await host.call('talks__talk', {}, options)
    await expect.poll(() => lines.debug.filter(line => line.includes('Bob is here')).length).toBe(2)
    await expect.poll(() => lines.debug.filter(line => line.includes('Bob is lost')).length).toBe(2)
    expect(lines.debug.join()).toContain('"server":"talks","level":"warning","logger":"desk","said":"Bob is lost"')
    expect(lines.warn.filter(line => line.includes('talks'))).toHaveLength(1)
    expect([...lines.info, ...lines.warn, ...lines.error].join()).not.toContain('Bob')
  })
})
