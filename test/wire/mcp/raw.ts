// An MCP server without an SDK, over stdio, that misbehaves on command: the first argument says how it starts, its tools do the rest.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

interface Call {
  id?: number | string
  method: string
  params?: {
    name?: string
    arguments?: Record<string, unknown>
    cursor?: string
    requestId?: number
    _meta?: { progressToken?: number }
  }
}

const [mode = ''] = process.argv.slice(2)
const cancelled: unknown[] = []
let listings = 0

if (mode === 'broken') {
  process.stderr.write(`cannot open the vault with ${process.env['VAULT_KEY']}\n`)
  process.exit(3)
}
if (mode === 'mute') setInterval(() => {}, 1000)
else {
  process.stdout.write('a line that is no message\n')
  const lines = createInterface({ input: process.stdin }).on('line', line => hear(JSON.parse(line)))
  if (mode !== 'stubborn') lines.on('close', () => process.exit())
}
// It does not end when its stdin does, nor when it is asked to.
if (mode === 'stubborn') {
  process.on('SIGTERM', () => {})
  setInterval(() => {}, 1000)
}

function hear({ id, method, params }: Call): void {
  if (method === 'server/discover') {
    if (mode === 'fragile') process.exit(1)
    if (mode !== 'silent') fail(id, 'Method not found')
  }
  if (method === 'initialize')
    answer(id, {
      protocolVersion: '2025-06-18',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'raw', version: '1' },
    })
  if (method === 'tools/list') list(id, params?.cursor)
  if (method === 'notifications/cancelled') cancelled.push(params?.requestId)
  if (method === 'notifications/cancelled' || method === 'tools/call') note(method, id ?? params?.requestId)
  if (method === 'tools/call') call(id, params)
}

/** For a test that does not hold the pipe: a line in the file that LEDGER names. */
function note(method: string, id: Call['id']): void {
  const file = process.env['LEDGER']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ pid: process.pid, method, id })}\n`)
}

function list(id: Call['id'], cursor: string | undefined): void {
  listings++
  const schema = { type: 'object' }
  const first = ['crash', 'hang', 'flood', 'drip', 'cancelled', 'family'].map(name => ({ name, inputSchema: schema }))
  const bad = [
    { name: 'no_schema', inputSchema: null },
    { inputSchema: schema },
    'nonsense',
    { name: 'choice', inputSchema: { anyOf: [{ properties: { a: {} } }] } },
  ]
  const second = [
    { name: 'odd', inputSchema: schema, outputSchema: { type: 'array' }, description: 7 },
    { name: 'grow', inputSchema: schema },
    ...(listings > 2 ? [{ name: 'grown', inputSchema: schema }] : []),
  ]
  if (cursor === undefined) answer(id, { tools: [...first, ...bad], nextCursor: 'page-2' })
  else answer(id, { tools: second })
}

function call(id: Call['id'], params: Call['params']): void {
  const token = params?._meta?.progressToken
  const progress = (n: number) =>
    send({ method: 'notifications/progress', params: { progressToken: token, progress: n, total: 100, message: `step ${n}` } })
  if (params?.name === 'crash') process.exit(9)
  if (params?.name === 'flood') {
    for (let n = 1; n <= 2000; n++) progress(n)
    text(id, 'flooded')
  }
  if (params?.name === 'drip') {
    let n = 0
    const times = Number(params.arguments?.['times'])
    const timer = setInterval(() => {
      if (n++ < times) return progress(n)
      clearInterval(timer)
      text(id, 'dripped')
    }, 50)
  }
  if (params?.name === 'cancelled') text(id, JSON.stringify(cancelled.length))
  if (params?.name === 'family') {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    text(id, JSON.stringify([process.pid, child.pid]))
  }
  if (params?.name === 'odd')
    answer(id, {
      content: [
        { type: 'text', text: 'fine' },
        { type: 'hologram', rays: 3 },
        { type: 'image', mimeType: 'image/png', data: '???' },
      ],
    })
  if (params?.name === 'grow') {
    text(id, 'growing')
    for (let i = 0; i < 5; i++) send({ method: 'notifications/tools/list_changed' })
  }
}

function text(id: Call['id'], words: string): void {
  answer(id, { content: [{ type: 'text', text: words }] })
}

function answer(id: Call['id'], result: object): void {
  send({ id, result })
}

function fail(id: Call['id'], message: string): void {
  send({ id, error: { code: -32601, message } })
}

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}
