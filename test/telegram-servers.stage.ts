import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, vi } from 'vitest'
import { dataFolder, startProcess } from './processes.ts'
import type { Step, Use } from './telegram-servers.cases.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'
import type { Uploaded } from './wire/telegram-files.ts'

// A house as an operator starts it, with the reference servers as anybody installs them, and people who write to it on Telegram.

const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const filesystem = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'))
const memory = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))

/** How a server is written in servers.config.json. */
export type Entry = { command: string; args: string[]; env?: Record<string, string> } | { url: string; type: 'sse' | 'http' }

const program = (...args: string[]) => ({ command: process.execPath, args })

/** What server-everything wants to be allowed. */
const allowed = { sampling: true, roots: ['file:///srv/hotel'] }

export const ways = ['stdio', 'sse', 'http'] as const
export type Way = (typeof ways)[number]

export interface Stage {
  servers: Record<string, Entry>
  /** Says this to the bot in a chat of its own and does what the steps say; what the chat reads when the turn has ended. */
  converse(text: string, use: Use): Promise<Told>
  close(): Promise<void>
}

export interface Told {
  text: string
  files: Uploaded[]
}

/** A house with server-everything reached in this way, twice: as `all`, and as `apart`. The one with `folder` has the other two servers. */
export async function openStage(way: Way, folder: string | undefined): Promise<Stage> {
  const data = dataFolder()
  const telegram = await startTelegramWire()
  const openai = await startOpenAiWire({ script: ({ messages }) => ({ text: answerTo(String(messages.at(-1)?.content)) }) })
  const { entry, end } = await everythingBy(way)
  const servers: Record<string, Entry> = {
    all: entry,
    ...(folder && { files: program(filesystem, folder) }),
    ...(folder && { memory: { ...program(memory), env: { MEMORY_FILE_PATH: join(data.path, 'memory.json') } } }),
  }
  const file = join(data.path, 'servers.config.json')
  const unasked = Object.entries({ ...servers, apart: entry }).map(([name, one]) => [
    name,
    { ...one, permissions: { '*': 'allow' } },
  ])
  writeFileSync(file, JSON.stringify({ mcpServers: Object.fromEntries(unasked) }))
  const house = startProcess({
    DATA_DIR: data.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    OPENAI_BASE_URL: openai.url,
    SERVERS_CONFIG: file,
    CONCURRENCY: '16',
    DRAIN_SECONDS: '1',
  })
  async function close(): Promise<void> {
    await house.end()
    await Promise.all([end(), telegram.close(), openai.close()])
    data.remove()
  }
  try {
    await house.says('Bellhop is up')
  } catch (error) {
    await close() // nobody else would
    throw error
  }
  return { servers, converse: createPeople(telegram), close }
}

const answerTo = (asked: string) => (asked.includes('A colour?') ? 'Blue.' : `Heard: ${asked}`)

/** Resolves when it listens, where it has to. */
async function everythingBy(way: Way): Promise<{ entry: Entry; end(): Promise<unknown> }> {
  if (way === 'stdio') return { entry: { ...program(everything, 'stdio'), ...allowed }, end: async () => {} }
  const port = await freePort()
  const env = { PATH: process.env['PATH'] ?? '', PORT: String(port) }
  const args = [everything, way === 'sse' ? 'sse' : 'streamableHttp']
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', data => (said += data))
  await vi.waitFor(() => expect(said).toContain(String(port)), { timeout: 15_000 })
  const url = `http://127.0.0.1:${port}/${way === 'sse' ? 'sse' : 'mcp'}`
  return { entry: { url, type: way, ...allowed }, end: async () => child.kill() && once(child, 'exit') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Each command is said by another person, since a chat takes only so many messages in a row. */
function createPeople(telegram: TelegramWire): Stage['converse'] {
  let people = 1000
  return async (text, { steps = [], files = 0 }) => {
    const chat = ++people
    const from = { id: chat, first_name: `Guest ${chat}` }
    const heard = () => telegram.messages(chat).filter(({ bot }) => bot)
    telegram.say({ text, from })
    for (const step of steps) await take(step)
    return vi.waitFor(() => {
      const all = heard()
      expect(
        all.flatMap(({ buttons }) => buttons),
        text,
      ).toEqual([])
      expect(all.length, text).toBeGreaterThan(0)
      const told = { text: all.map(readable).join('\n'), files: all.flatMap(({ file }) => file ?? []) }
      expect(told.files.length, told.text).toBeGreaterThanOrEqual(files)
      return told
    }, 20_000)

    async function take({ at, ...what }: Step): Promise<void> {
      const last = () => heard().findLast(message => 'type' in what || message.buttons.includes(what.press))
      const alerts = () => telegram.alerts.filter(({ person }) => person === chat).map(one => one.text)
      await vi.waitFor(() => expect([...heard().map(readable), ...alerts()].join('\n'), text).toMatch(at), 20_000)
      if ('type' in what) return void telegram.say({ text: what.type, from })
      await vi.waitFor(() => telegram.press({ message: last()?.id ?? 0, label: what.press, from }), 20_000)
    }
  }
}

/** Rich messages have words in their blocks. */
function readable({ text, rich }: { text: string; rich?: unknown }): string {
  if (rich === undefined) return text
  const words: string[] = []
  JSON.stringify(rich, (key, value) => {
    if (typeof value === 'string' && key !== 'type') words.push(value)
    return value
  })
  return words.join(' ')
}

export interface Offer {
  tools: string[]
  resources: string[]
  templates: string[]
  prompts: string[]
}

/** What a server itself says that it has, to a client that is not ours and may do all that there is to do. */
export async function offerOf(entry: Entry): Promise<Offer> {
  const capabilities = { sampling: {}, roots: {}, elicitation: { form: {}, url: {} } }
  const tasks = { requests: { sampling: { createMessage: {} }, elicitation: { create: {} } } }
  const client = new Client({ name: 'visitor', version: '1' }, { capabilities: { ...capabilities, tasks } })
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [] }))
  await client.connect(transportTo(entry))
  try {
    const has = client.getServerCapabilities() ?? {}
    return {
      tools: has.tools ? (await client.listTools()).tools.map(({ name }) => name) : [],
      resources: has.resources ? (await client.listResources()).resources.map(({ uri }) => uri) : [],
      templates: has.resources ? await templatesOf(client) : [],
      prompts: has.prompts ? (await client.listPrompts()).prompts.map(({ name }) => name) : [],
    }
  } finally {
    await client.close()
  }
}

/** A server without any need not know the question. */
const templatesOf = (client: Client) =>
  client.listResourceTemplates().then(
    ({ resourceTemplates }) => resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    () => [],
  )

function transportTo(entry: Entry): Transport {
  if ('command' in entry) return new StdioClientTransport({ ...entry, stderr: 'ignore' })
  const url = new URL(entry.url)
  // Their optional properties are typed otherwise than ours must be.
  return (entry.type === 'sse' ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url)) as Transport
}
