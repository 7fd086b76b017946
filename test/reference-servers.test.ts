// What nobody sees in a chat of server-everything, as anybody installs it: test/telegram-servers.test.ts uses all that it has.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import type { Answer, AskDraft } from '../src/ask.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import type { ToolProgress } from '../src/toolbox.ts'
import { closeAll, openHost, program, remote } from './wire/mcp/start.ts'

const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const children: ChildProcess[] = []
afterAll(async () => {
  await closeAll()
  await Promise.all(children.map(child => child.kill() && once(child, 'exit')))
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Resolves when it listens. */
async function serveEverything(kind: 'sse' | 'streamableHttp'): Promise<number> {
  const port = await freePort()
  const env = { PATH: process.env['PATH'] ?? '', PORT: String(port) }
  const child = spawn(process.execPath, [everything, kind], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  let said = ''
  child.stderr?.on('data', data => (said += data))
  await vi.waitFor(() => expect(said).toContain(String(port)), { timeout: 15_000 })
  return port
}

const all = { name: 'all' }
const ways: Record<string, () => Promise<ServerConfig>> = {
  stdio: async () => program('all', [everything, 'stdio'], all),
  sse: async () => remote(`http://127.0.0.1:${await serveEverything('sse')}/sse`, 'sse', {}, all),
  'Streamable HTTP': async () => remote(`http://127.0.0.1:${await serveEverything('streamableHttp')}/mcp`, 'http', {}, all),
}

test.each(Object.entries(ways))('over %s a call tells how far it is, and what the person is to fill in', async (_, way) => {
  const asked: AskDraft[] = []
  const progress: ToolProgress[] = []
  const ask = async (draft: AskDraft): Promise<Answer> => {
    asked.push(draft)
    return { how: 'yes', values: { name: 'Bob' } }
  }
  const host = openHost()
  await host.start([await way()])
  const options = { signal: new AbortController().signal, onProgress: (one: ToolProgress) => void progress.push(one), ask }
  // Some of its tools come once it knows what we can do.
  const names = async () => (await host.list()).map(({ name }) => name)
  await expect.poll(names).toContain('all__trigger-elicitation-request')

  await host.call('all.trigger-long-running-operation', { duration: 0.4, steps: 2 }, options)
  expect(progress).toContainEqual(expect.objectContaining({ done: 2, total: 2 }))
  const { text } = await host.call('all.trigger-elicitation-request', {}, options)
  expect(text).toContain('Name: Bob')
  expect(new Set(asked[0]?.fields.map(field => field.kind))).toEqual(
    new Set(['text', 'yes-no', 'integer', 'number', 'one', 'many']),
  )
})
