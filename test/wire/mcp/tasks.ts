// A server of 2026-07-28 that answers every call with a task, in JSON by hand: no SDK can. Run as a program it speaks over stdio.
import { appendFileSync } from 'node:fs'
import { type Hand, serveStdioByHand, unknown } from './by-hand.ts'

interface Params {
  name?: string
  taskId?: string
  inputResponses?: Record<string, { content?: { room?: string } }>
  _meta?: Record<string, { extensions?: object }>
}

const whole = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const task = (status: string, more = {}) => ({ taskId: 't-1', status, ttlMs: null, pollIntervalMs: 120, ...more })
const ask = {
  method: 'elicitation/create',
  params: { message: 'Which?', requestedSchema: { type: 'object', properties: { room: { type: 'string', enum: ['sea'] } } } },
}
const text = (words: string) => ({ resultType: 'complete', content: [{ type: 'text', text: words }] })

/** `note` hears the method of each message, with the task that it is about. */
export function createTaskHand(note: (line: string) => void): Hand {
  let polls = 0
  let name = ''
  let room: string | undefined

  const tools = ['slow', 'asks', 'fails', 'endless'].map(one => ({ name: one, inputSchema: { type: 'object' } }))
  const results: Record<string, (params: Params) => object> = {
    'server/discover': () => ({ ...whole, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }),
    'tools/list': () => ({ ...whole, tools }),
    'tools/call'(params) {
      const client = params._meta?.['io.modelcontextprotocol/clientCapabilities']
      if (!JSON.stringify(client?.extensions ?? {}).includes('io.modelcontextprotocol/tasks'))
        return text('the client knows no tasks')
      polls = 0
      name = params.name ?? ''
      return { ...task('working'), resultType: 'task' }
    },
    'tasks/get': () => ({ resultType: 'complete', ...state() }),
    'tasks/update'({ inputResponses }) {
      room = inputResponses?.['room']?.content?.room ?? 'none'
      polls = 0
      return { resultType: 'complete' }
    },
    'tasks/cancel': () => ({ resultType: 'complete' }),
  }

  function state(): object {
    polls++
    if (name === 'endless' || polls < 3) {
      // What it was told it may ask for a while yet.
      if (name === 'asks' && room !== undefined) return task('input_required', { inputRequests: { room: ask } })
      return task('working', { statusMessage: `step ${polls}` })
    }
    if (name === 'fails') return task('failed', { error: { code: -32603, message: 'no room' } })
    if (name === 'asks' && room === undefined) return task('input_required', { inputRequests: { room: ask } })
    return task('completed', { result: text(room === undefined ? 'done' : `the room: ${room}`) })
  }

  return ({ method, params = {} }) => {
    note(`${method} ${params.taskId ?? ''}`)
    return results[method]?.(params) ?? unknown
  }
}

if (import.meta.main)
  serveStdioByHand(createTaskHand(line => process.env['LEDGER'] && appendFileSync(process.env['LEDGER'], `${line}\n`)))
