// Goal 10: a call to a server that is up costs at most 1.3 × the same by a bare client, and at most 50 µs of CPU; no process is started and
// no tools are listed for it; 8 servers are ready in at most 1.1 × the time in which bare clients connect to them side by side.
import { join } from 'node:path'
import { Client as ClientV2 } from '@modelcontextprotocol/client'
import { StdioClientTransport as TransportV2 } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { readServers } from '../../src/config/servers.ts'
import { silentLog } from '../../src/log.ts'
import { createHost, type Host } from '../../src/mcp/host.ts'
import { type Measure, median } from '../measure.ts'
import { childrenOf } from '../proc.ts'
import { column, each, interleave, type Run } from '../run.ts'
import { cpuOfEach, timed, timeEach } from '../timing.ts'

const root = join(import.meta.dirname, '../..')
const echo = [join(root, 'bench/echo-server.ts')]
const many = (at: number) => [join(root, 'bench/many-tools.ts'), `${at}`]
const command = process.execPath
const eight = Array.from({ length: 8 }, (_, at) => at)

type Call = (text: string) => Promise<unknown>

interface Found {
  callMs: number
  cpuUs: number
}

async function openV1(args: string[]) {
  const client = new ClientV1({ name: 'bench', version: '1' })
  await client.connect(new TransportV1({ command, args }))
  await client.listTools()
  return client
}

async function openV2(args: string[]) {
  const client = new ClientV2({ name: 'bench', version: '1' })
  await client.connect(new TransportV2({ command, args }))
  await client.listTools()
  return client
}

async function openOurs(all: Record<string, string[]>): Promise<Host> {
  const host = createHost({ log: silentLog })
  const mcpServers = Object.fromEntries(Object.entries(all).map(([name, args]) => [name, { command, args }]))
  await host.start(readServers(JSON.stringify({ mcpServers }), 'bench', {}, root).servers)
  return host
}

async function measureCall(call: Call, times: number): Promise<Found> {
  const work = (at: number) => call(`hello ${at}`)
  return { callMs: median(await timeEach(times, work)), cpuUs: await cpuOfEach(times, work) }
}

const start = {
  v1: async () => closing(await Promise.all(eight.map(at => openV1(many(at))))),
  v2: async () => closing(await Promise.all(eight.map(at => openV2(many(at))))),
  ours: async () => closing([await openOurs(Object.fromEntries(eight.map(at => [`s${at}`, many(at)])))]),
}

const closing = (opened: { close(): Promise<void> }[]) => async () => void (await Promise.all(opened.map(one => one.close())))

async function timeStart(open: () => Promise<() => Promise<void>>): Promise<number> {
  let close = async () => {}
  const took = await timed(async () => {
    close = await open()
  })
  await close()
  return took
}

export async function measureMcpCall(run: Run): Promise<Measure[]> {
  const times = run.quick ? 300 : 2000
  const [v1, v2, host] = [await openV1(echo), await openV2(echo), await openOurs({ bench: echo })]
  const box = host.toolboxFor([])
  const name = box.list().find(tool => tool.name.endsWith('echo'))?.name ?? ''
  const { signal } = new AbortController()
  const callOurs = (text: string) => box.call(name, { text }, { signal, onProgress() {} })
  const calls: Record<'v1' | 'v2' | 'ours', Call> = {
    v1: text => v1.callTool({ name: 'echo', arguments: { text } }),
    v2: text => v2.callTool({ name: 'echo', arguments: { text } }),
    ours: callOurs,
  }
  const children = childrenOf(process.pid).length
  const results = await interleave(run, {
    v1: () => measureCall(calls.v1, times),
    v2: () => measureCall(calls.v2, times),
    ours: () => measureCall(calls.ours, times),
  })
  const spawned = childrenOf(process.pid).length - children
  const lists = Number((await callOurs('#lists')).text)
  await Promise.all([v1.close(), v2.close(), host.close()])
  const starts = await interleave(run, {
    v1: () => timeStart(start.v1),
    v2: () => timeStart(start.v2),
    ours: () => timeStart(start.ours),
  })
  const base = { goal: 10, peers: {} }
  return [
    {
      ...{ ...base, what: 'a warm call over stdio, p50', unit: 'ms', bounds: [{ of: 'v2', atMost: 1.3 }] },
      ours: each(results.ours, ({ callMs }) => callMs),
      floors: column(results, ['v1', 'v2'], ({ callMs }) => callMs),
    },
    {
      ...{ ...base, what: 'its CPU in the client', unit: 'µs', bounds: [{ atMost: 50 }] },
      ours: each(results.ours, ({ cpuUs }) => cpuUs),
      floors: column(results, ['v1', 'v2'], ({ cpuUs }) => cpuUs),
    },
    { ...base, what: 'processes started by all calls', unit: '', ours: [spawned], floors: {}, bounds: [{ atMost: 0 }] },
    { ...base, what: 'lists of tools asked for in all', unit: '', ours: [lists], floors: {}, bounds: [{ atMost: 1 }] },
    {
      ...{ ...base, what: '8 servers ready', unit: 'ms', bounds: [{ of: 'v2', atMost: 1.1 }] },
      ours: each(starts.ours, ms => ms),
      floors: column(starts, ['v1', 'v2'], ms => ms),
    },
  ]
}
