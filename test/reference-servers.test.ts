// The reference servers of the protocol's authors, as anybody installs them: everything that each offers is listed and used once.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Answer, AskDraft } from '../src/ask.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import { en } from '../src/i18n/en.ts'
import type { Host } from '../src/mcp/host.ts'
import { createSampling } from '../src/mcp/sampling.ts'
import type { ToolProgress } from '../src/toolbox.ts'
import { closeAll, openHost, program, remote } from './wire/mcp/start.ts'

const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const filesystem = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'))
const memory = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))
const folder = mkdtempSync(join(tmpdir(), 'bellhop-reference-'))
const children: ChildProcess[] = []
afterAll(async () => {
  await closeAll()
  await Promise.all(children.map(child => child.kill() && once(child, 'exit')))
  rmSync(folder, { recursive: true, force: true })
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

const all = { name: 'all', sampling: true, trust: true, roots: ['file:///srv/hotel'] }
const ways: Record<string, () => Promise<ServerConfig>> = {
  stdio: async () => program('all', [everything, 'stdio'], all),
  sse: async () => remote(`http://127.0.0.1:${await serveEverything('sse')}/sse`, 'sse', {}, all),
  'Streamable HTTP': async () => remote(`http://127.0.0.1:${await serveEverything('streamableHttp')}/mcp`, 'http', {}, all),
}

interface Use {
  input?: Record<string, unknown>
  says: string
  files?: number
}

/** For each tool what it is called with, and what is then to be read. */
const tools: Record<string, Use> = {
  echo: { input: { message: 'ping' }, says: 'Echo: ping' },
  'get-annotated-message': { input: { messageType: 'success', includeImage: true }, says: 'success', files: 1 },
  'get-env': { says: 'PATH' },
  'get-resource-links': { input: { count: 2 }, says: 'demo://resource/dynamic' },
  'get-resource-reference': { input: { resourceType: 'Text', resourceId: 1 }, says: 'Resource 1' },
  'get-roots-list': { says: 'file:///srv/hotel' },
  'get-structured-content': { input: { location: 'Chicago' }, says: 'conditions' },
  'get-sum': { input: { a: 2, b: 3 }, says: '5' },
  'get-tiny-image': { says: 'image', files: 1 },
  'gzip-file-as-resource': { input: { name: 'a.gz', data: 'data:text/plain,hello' }, says: 'a.gz' },
  'toggle-simulated-logging': { says: 'logging' },
  'toggle-subscriber-updates': { says: 'updates' },
  // Called as a task, which asks the person on its way.
  'simulate-research-query': { input: { topic: 'python', ambiguous: true }, says: 'python (User accepted' },
  'trigger-long-running-operation': { input: { duration: 0.4, steps: 2 }, says: 'completed' },
  'trigger-elicitation-request': { says: 'Bob' },
  'trigger-url-elicitation': { input: { url: 'https://login.example/a', elicitationId: 'one' }, says: 'accept' },
  'trigger-sampling-request': { input: { prompt: 'A colour?', maxTokens: 9 }, says: 'Blue.' },
}

/** Those that it offers only to clients that may be given tasks themselves. */
const before = ['trigger-sampling-request-async', 'trigger-elicitation-request-async']

describe.each(Object.entries(ways))('server-everything over %s', (_, way) => {
  let host: Host
  const asked: AskDraft[] = []
  const progress: ToolProgress[] = []
  const ask = async (draft: AskDraft): Promise<Answer> => {
    asked.push(draft)
    return { how: 'yes', values: { name: 'Bob' } }
  }
  const options = { signal: new AbortController().signal, onProgress: (one: ToolProgress) => void progress.push(one), ask }
  beforeAll(async () => {
    const model = async function* () {
      yield { type: 'text' as const, delta: 'Blue.' }
    }
    host = openHost({ sample: createSampling({ model, name: 'thinker', words: en }) })
    await host.start([await way()])
    // Some of its tools come once it knows what we can do.
    const names = async () => (await host.list()).map(({ name }) => name)
    await vi.waitFor(async () => expect(await names()).toContain('all__trigger-sampling-request'), { timeout: 10_000 })
  })

  test('every tool is listed and there is a use for each', async () => {
    const names = (await host.list()).filter(({ server }) => server === 'all').map(({ name }) => name.replace('all__', ''))
    expect(names.filter(name => !before.includes(name)).toSorted()).toEqual(Object.keys(tools).toSorted())
  })

  test.each(Object.entries(tools))('%s', async (name, { input = {}, says, files = 0 }) => {
    const result = await host.call(`all.${name}`, input, options)
    expect(result).toMatchObject({ ok: true, text: expect.stringContaining(says) })
    if (files > 0) expect(result.files).toHaveLength(files)
  })

  test('it told how far it was, and asked the person', () => {
    expect(progress).toContainEqual(expect.objectContaining({ done: 2, total: 2 }))
    expect(asked.map(({ kind }) => kind).toSorted()).toEqual(['form', 'form', 'link'])
    expect(asked.findLast(({ kind }) => kind === 'form')?.fields.map(field => field.kind)).toEqual(
      expect.arrayContaining(['text', 'yes-no', 'integer', 'one', 'many']),
    )
  })

  test('every resource is read, and one of each kind with a gap', async () => {
    const [found] = await host.resources()
    expect(found?.resources.length).toBeGreaterThan(5)
    const gaps = (found?.templates ?? []).map(({ uriTemplate }) => uriTemplate.replace('{resourceId}', '4'))
    expect(gaps).toHaveLength(2)
    for (const uri of [...(found?.resources ?? []).map(one => one.uri), ...gaps]) {
      const read = await host.readResource('all', uri, options)
      expect(read.ok && (read.text.length > 0 || read.files?.length), uri).toBeTruthy()
    }
  })

  test('every prompt is had', async () => {
    const values: Record<string, string> = {
      city: 'Oslo',
      department: 'Sales',
      name: 'Eve',
      resourceType: 'Text',
      resourceId: '3',
    }
    const prompts = await host.prompts()
    expect(prompts.map(({ name }) => name)).toEqual(['simple-prompt', 'args-prompt', 'completable-prompt', 'resource-prompt'])
    for (const { server, name, arguments: wanted } of prompts) {
      const given = Object.fromEntries(wanted.flatMap(one => (values[one.name] ? [[one.name, values[one.name] ?? '']] : [])))
      const entries = await host.getPrompt(server, name, given, options)
      expect(entries.map(({ text }) => text).join(), name).toMatch(/simple prompt|Oslo|Eve|Resource 3/)
    }
  })
})

/** What was done to each tool of a server, so that none is forgotten. */
async function useAll(host: Host, server: string, uses: [tool: string, input: object, says: string | RegExp][]): Promise<void> {
  const options = { signal: new AbortController().signal, onProgress() {} }
  for (const [tool, input, says] of uses) {
    const { ok, text } = await host.call(`${server}__${tool}`, { ...input }, options)
    expect({ tool, ok, text }).toMatchObject({ tool, ok: true, text: expect.stringMatching(says) })
  }
  const names = (await host.list()).filter(one => one.server === server).map(({ name }) => name.replace(`${server}__`, ''))
  expect([...new Set(uses.map(([tool]) => tool))].toSorted()).toEqual(names.toSorted())
}

test('server-filesystem: every tool is used', async () => {
  const host = openHost()
  const at = (name: string) => join(folder, name)
  writeFileSync(at('a.txt'), 'one\ntwo\n')
  writeFileSync(at('p.png'), Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  await host.start([program('files', [filesystem, folder])])
  await useAll(host, 'files', [
    ['list_allowed_directories', {}, /bellhop-reference/],
    ['read_file', { path: at('a.txt') }, /two/],
    ['read_text_file', { path: at('a.txt'), head: 1 }, /one/],
    ['read_media_file', { path: at('p.png') }, /.*/],
    ['read_multiple_files', { paths: [at('a.txt')] }, /two/],
    ['write_file', { path: at('b.txt'), content: 'three' }, /b\.txt/],
    ['edit_file', { path: at('b.txt'), edits: [{ oldText: 'three', newText: 'four' }] }, /four/],
    ['create_directory', { path: at('sub') }, /sub/],
    ['move_file', { source: at('b.txt'), destination: at('sub/b.txt') }, /sub/],
    ['list_directory', { path: folder }, /a\.txt/],
    ['list_directory_with_sizes', { path: folder }, /a\.txt/],
    ['directory_tree', { path: folder }, /sub/],
    ['search_files', { path: folder, pattern: '**/b.txt' }, /b\.txt/],
    ['get_file_info', { path: at('a.txt') }, /size/],
  ])
  expect(readFileSync(at('sub/b.txt'), 'utf8')).toBe('four')
})

test('server-memory: every tool is used, and the graph read as a resource', async () => {
  const host = openHost()
  await host.start([program('mem', [memory], {}, { MEMORY_FILE_PATH: join(folder, 'memory.json') })])
  const bob = { name: 'Bob', entityType: 'guest', observations: ['likes tea'] }
  const relation = { from: 'Bob', to: 'Room', relationType: 'sleeps in' }
  await useAll(host, 'mem', [
    ['create_entities', { entities: [bob, { name: 'Room', entityType: 'room', observations: [] }] }, /Bob/],
    ['create_relations', { relations: [relation] }, /sleeps in/],
    ['add_observations', { observations: [{ entityName: 'Bob', contents: ['snores'] }] }, /snores/],
    ['read_graph', {}, /snores/],
    ['search_nodes', { query: 'tea' }, /Bob/],
    ['open_nodes', { names: ['Bob'] }, /guest/],
    ['delete_observations', { deletions: [{ entityName: 'Bob', observations: ['snores'] }] }, /.*/],
    ['delete_relations', { relations: [relation] }, /.*/],
    ['delete_entities', { entityNames: ['Room'] }, /.*/],
  ])
  const [found] = await host.resources()
  const options = { signal: new AbortController().signal, onProgress() {} }
  const graph = await host.readResource('mem', found?.resources[0]?.uri ?? '', options)
  expect(graph.text).toContain('likes tea')
  expect(graph.text).not.toContain('snores')
})
