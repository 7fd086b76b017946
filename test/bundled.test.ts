// The four servers, each as any client meets it: every tool listed and called by both generations of the SDK's client, and `--help`.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type CallToolResult, Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, describe, expect, test } from 'vitest'
import { openSite, playPrograms } from './video-rig.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellhop-bundled-'))
writeFileSync(join(folder, 'a.ts'), 'if (a) b()\n')
const programs = playPrograms()
const site = await openSite((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site')
  if (pathname === '/clip.mp4') response.writeHead(200, { 'content-type': 'video/mp4' }).end('clip')
  else if (pathname === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Hi</title>Hello')
  else
    response.end(JSON.stringify({ id: '1', timeline: [{ id: '1' }], results: [{ title: 'Cats', url: 'https://example.org/' }] }))
})
afterAll(() => {
  site.close()
  programs.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** How a server is started, and every tool of it with what it is called with. */
interface Bundled {
  env: Record<string, string>
  calls: Record<string, Record<string, unknown>>
}

const account = { screenname: 'ada' }
const tweet = { tweet_id: '1' }
const list = { list_id: '1' }
const query = { query: 'cats' }
const servers: Record<string, Bundled> = {
  sqlite: {
    env: { DB_PATH: join(folder, 'hotel.db'), QUERY_TIMEOUT_MS: '5000' },
    calls: {
      list_tables: {},
      describe_table: { table_name: 'rooms' },
      read_query: { query: 'SELECT 1' },
      write_query: { query: "UPDATE rooms SET kind = kind WHERE number = '101'" },
      create_table: { query: 'CREATE TABLE IF NOT EXISTS keys (id INTEGER)' },
      append_insight: { insight: 'Suites are booked first.' },
    },
  },
  video: {
    env: { ...programs.env, ALLOW_PRIVATE_HOSTS: site.host },
    calls: { download_video: { url: `${site.url}/clip.mp4` }, analyse_video: { url: `${site.url}/clip.mp4` } },
  },
  workbench: {
    env: { WORKBENCH_DIR: folder, ALLOW_PRIVATE_HOSTS: site.host, RUN_COMMANDS: 'cat', SEARXNG_URL: site.url },
    calls: {
      web_search: { query: 'cats' },
      fetch_page: { url: `${site.url}/page` },
      run_command: { command: 'cat', args: ['a.ts'] },
      analyse_code: {},
      system_info: {},
    },
  },
  twitter: {
    env: { RAPIDAPI_KEY: 'secret-key', TWITTER_API_URL: site.url, TWITTER_TIMEOUT_MS: '5000' },
    calls: {
      get_user_info: account,
      get_user_timeline: account,
      get_user_following: account,
      get_user_followers: account,
      get_tweet_info: tweet,
      get_affiliates: account,
      get_user_media: account,
      get_retweets: tweet,
      get_trends: { country: 'Japan' },
      search_tweets: query,
      get_tweet_thread: tweet,
      get_latest_replies: tweet,
      get_list_timeline: list,
      search_communities_latest: query,
      search_communities_top: query,
      search_communities: query,
      get_community_timeline: { community_id: '1' },
      get_list_followers: list,
      get_list_members: list,
    },
  },
}

const fileOf = (name: string) => join(import.meta.dirname, `../servers/${name}/${name}.ts`)
const orderOf = (name: string, env: Record<string, string>) => ({
  command: process.execPath,
  args: [fileOf(name)],
  env: { PATH: process.env['PATH'] ?? '', ...env },
  stderr: 'pipe' as const,
})

const me = { name: 'test', version: '1' }
async function openOld(name: string, env: Record<string, string>) {
  const client = new OldClient(me)
  const transport = new OldTransport(orderOf(name, env))
  const complaints = gather(transport.stderr)
  await client.connect(transport)
  return { client, complaints }
}
async function openNew(name: string, env: Record<string, string>) {
  const client = new Client(me, { versionNegotiation: { mode: 'auto' } })
  const transport = new StdioClientTransport(orderOf(name, env))
  const complaints = gather(transport.stderr)
  await client.connect(transport)
  return { client, complaints }
}

function gather(stream: { on(event: 'data', listener: (data: Buffer) => void): unknown } | null): () => string {
  let text = ''
  stream?.on('data', data => {
    text += data
  })
  return () => text
}

describe.concurrent.each(Object.entries(servers))('%s', (name, { env, calls }) => {
  test.each([
    ['version 1', openOld],
    ['version 2', openNew],
  ])("a client of the SDK's %s lists all its tools, and calls each", async (_, open) => {
    const { client, complaints } = await open(name, env)
    const { tools } = await client.listTools()
    expect(tools.map(tool => tool.name).toSorted()).toEqual(Object.keys(calls).toSorted())
    for (const { title, description = '', annotations, inputSchema } of tools) {
      expect([title, annotations?.readOnlyHint]).toEqual([expect.any(String), expect.any(Boolean)])
      expect([description.length > 20, inputSchema.type]).toEqual([true, 'object'])
    }
    const said: Record<string, unknown> = {}
    for (const [tool, given] of Object.entries(calls)) {
      const { isError, content } = (await client.callTool({ name: tool, arguments: given })) as CallToolResult
      if (isError || content.length === 0) said[tool] = content
    }
    expect(said).toEqual({})
    if (name === 'sqlite') {
      const { resources } = await client.listResources()
      expect(resources.map(({ uri }) => uri)).toEqual(['memo://insights'])
    }
    await client.close()
    expect(complaints()).toBe('')
  })

  test('--help and -h tell how to start it, its variables and its tools, and end', async () => {
    const help = (flag: string) => promisify(execFile)(process.execPath, [fileOf(name), flag])
    const [{ stdout: long }, { stdout: short }] = await Promise.all([help('--help'), help('-h')])
    expect(long).toBe(short)
    expect(long).toContain(`node servers/${name}/${name}.ts`)
    for (const tool of Object.keys(calls)) expect(long).toContain(tool)
    for (const variable of Object.keys(env).filter(one => one !== 'PATH'))
      expect(long).toMatch(new RegExp(`^  ${variable}\\s`, 'm'))
  })
})

test('there are these and no others', () => {
  const folders = readdirSync(join(import.meta.dirname, '../servers'), { withFileTypes: true }).filter(one => one.isDirectory())
  expect(folders.map(one => one.name).toSorted()).toEqual(Object.keys(servers).toSorted())
})
