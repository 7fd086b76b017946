// An MCP server without an SDK, over stdio, that does what the arguments of a call say. Its first argument: `modern` speaks the protocol
// of 2026, `silent` does not answer when asked for it, `dying` ends when asked for its
// tools. What it hears goes to the file that LEDGER names, a line each.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

interface Heard {
  id?: number | string
  method: string
  params?: { name?: string; arguments?: Record<string, unknown>; requestId?: number; _meta?: { progressToken?: number } }
}

const [mode = ''] = process.argv.slice(2)
const schema = { type: 'object' }
const tools = [
  { name: 'read', inputSchema: schema, annotations: { readOnlyHint: true } },
  { name: 'write', inputSchema: schema },
]

createInterface({ input: process.stdin })
  .on('line', line => hear(JSON.parse(line)))
  .on('close', () => process.exit())

function hear({ id, method, params }: Heard): void {
  const file = process.env['LEDGER']
  const about = { pid: process.pid, id, method, about: params?.requestId ?? params?.name }
  if (file) appendFileSync(file, `${JSON.stringify(about)}\n`)
  if (method === 'server/discover') discover(id)
  if (method === 'initialize')
    answer(id, { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'wild', version: '1' } })
  if (method === 'tools/list') list(id)
  if (method === 'tools/call') call(id, params?.arguments ?? {}, params?._meta?.progressToken)
}

function list(id: Heard['id']): void {
  if (mode === 'dying') {
    process.stderr.write('no tools today\n')
    process.exit(9)
  }
  answer(id, { tools, ...modern })
}

const modern = mode === 'modern' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}

function discover(id: Heard['id']): void {
  if (mode === 'silent') return
  if (mode === 'modern') answer(id, { ...modern, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } })
  else send({ id, error: { code: -32601, message: 'Method not found' } })
}

/** `do` is what to do, `with` what with. */
function call(id: Heard['id'], { do: what, with: given }: Record<string, unknown>, token: number | undefined): void {
  if (what === 'answer') answer(id, given as object)
  if (what === 'refuse') send({ id, error: { code: -32603, message: String(given) } })
  if (what === 'crash') {
    process.stderr.write(`${given ?? ''}\n`)
    process.exit(9)
  }
  if (what === 'crash once') {
    if (!existsSync(String(given))) {
      writeFileSync(String(given), '')
      process.exit(9)
    }
    text(id, 'this time it worked')
  }
  if (what === 'environment') text(id, JSON.stringify(Object.keys(process.env)))
  if (what === 'noise') {
    process.stdout.write(`no message\n{"json": "but no message"}\n\n[1, 2]\n`)
    process.stderr.write('x'.repeat(1_000_000), () => process.stderr.write('the last words', () => text(id, 'done')))
  }
  if (what === 'batch') process.stdout.write(`${JSON.stringify([{ jsonrpc: '2.0', id, result: words('in a batch') }])}\n`)
  if (what === 'answer as') send({ id, result: given })
  if (what === 'odd') send({ id, error: null, result: { ...words('odd but there'), _meta: null } })
  if (what === 'huge') text(id, 'x'.repeat(Number(given)))
  if (what === 'start') start(id, given as string[])
  if (what === 'say') {
    send({ method: 'notifications/progress', params: { progressToken: token, progress: 1, message: String(given) } })
    text(id, 'said')
  }
}

/** Each a command for a shell; answers with the ids that they print. */
function start(id: Heard['id'], commands: string[]): void {
  const pids: number[] = []
  for (const command of commands) {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.once('data', (data: Buffer) => {
      pids.push(Number(data.toString()))
      if (pids.length === commands.length) text(id, JSON.stringify([process.pid, ...pids]))
    })
  }
}

const words = (said: string) => ({ ...modern, content: [{ type: 'text', text: said }] })

function text(id: Heard['id'], said: string): void {
  answer(id, words(said))
}

function answer(id: Heard['id'], result: object): void {
  send({ id, result: { ...(mode === 'modern' ? { resultType: 'complete' } : {}), ...result } })
}

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}
