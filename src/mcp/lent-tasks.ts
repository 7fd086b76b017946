import { randomUUID } from 'node:crypto'
import { CLIENT_CAPABILITIES_META_KEY, type JSONRPCMessage, type Transport } from '@modelcontextprotocol/client'
import { isRecord } from './mend.ts'

// Tasks of 2025-11-25 the other way round: a server may want its question to a person or to the model answered as a task of ours, which it
// asks after. The library knows none: it hears a plain question, and what it answers is kept until the server fetches it.

type Hear = NonNullable<Transport['onmessage']>
type Loose = Record<string, unknown>
type Request = Extract<JSONRPCMessage, { method: string; id: unknown }>
type Outcome = { result: Loose } | { error: { code: number; message: string; data?: unknown } }

interface Lent {
  task: { taskId: string; status: 'working' | 'completed' | 'failed' | 'cancelled'; ttl: number; createdAt: string } & Loose
  ended: PromiseWithResolvers<Outcome>
}

const questions = ['elicitation/create', 'sampling/createMessage']
/** A server that has more of them wants something else. */
const mostTasks = 50
const longestTtlMs = 3_600_000
const pollInterval = 500
const relatedKey = 'io.modelcontextprotocol/related-task'
const invalid = (message: string): Outcome => ({ error: { code: -32602, message } })

/** Answers what a server asks about tasks of ours, before the library hears it. */
export function lendTasks(transport: Transport): void {
  const tasks = new Map<string, Lent>()
  const below = Object.getOwnPropertyDescriptor(transport, 'onmessage')
  const send = transport.send.bind(transport)
  const reply = ({ id }: Request, outcome: Outcome) => send({ jsonrpc: '2.0', id, ...outcome } as JSONRPCMessage).catch(() => {}) // the line broke

  transport.send = (message, options) => {
    if ('method' in message) return send(withoutTasks(message), options)
    if (!('id' in message)) return send(message, options)
    const lent = tasks.get(String(message.id))
    if (!lent) return send(message, options)
    end(lent, 'error' in message ? { error: message.error } : { result: message.result as Loose })
    return Promise.resolve()
  }

  /** True: the library need not hear it. */
  function take(message: JSONRPCMessage, hear: (message: JSONRPCMessage) => void): boolean {
    if (!('method' in message) || !('id' in message)) return false
    const { method, params } = message
    if (questions.includes(method) && isRecord(params?.['task'])) {
      const { task, ...plain } = params
      const lent = tasks.size < mostTasks ? lend(task, hear) : undefined
      void reply(message, lent ? { result: { task: { ...lent.task } } } : invalid('there are too many tasks'))
      if (lent) hear({ ...message, id: lent.task.taskId, params: plain })
      return true
    }
    if (!method.startsWith('tasks/')) return false
    const lent = tasks.get(String(params?.['taskId']))
    void (lent ? about(lent, method, hear) : Promise.resolve(invalid('there is no such task'))).then(told => reply(message, told))
    return true
  }

  function lend({ ttl }: Loose, hear: (message: JSONRPCMessage) => void): Lent {
    const at = new Date().toISOString()
    const keepMs = typeof ttl === 'number' && ttl > 0 ? Math.min(ttl, longestTtlMs) : longestTtlMs
    const facts = { taskId: randomUUID(), ttl: keepMs, createdAt: at, lastUpdatedAt: at, pollInterval }
    const lent: Lent = { task: { ...facts, status: 'working' }, ended: Promise.withResolvers() }
    tasks.set(facts.taskId, lent)
    setTimeout(() => {
      callOff(lent, hear)
      tasks.delete(facts.taskId)
    }, keepMs).unref()
    return lent
  }

  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: () => below?.get?.call(transport),
    set(listener: Hear | undefined) {
      below?.set?.call(
        transport,
        listener &&
          ((...[message, extra]: Parameters<Hear>) => {
            if (!take(message, one => listener(one, extra))) listener(message, extra)
          }),
      )
    },
  })
}

/** From 2026 on every request says what we can do, and of such tasks nobody knows any more. */
function withoutTasks<T extends Extract<JSONRPCMessage, { method: string }>>(message: T): T {
  const capabilities = message.params?._meta?.[CLIENT_CAPABILITIES_META_KEY]
  if (!isRecord(capabilities) || !('tasks' in capabilities)) return message
  const { tasks: _, ...known } = capabilities
  const _meta = { ...message.params?._meta, [CLIENT_CAPABILITIES_META_KEY]: known }
  return { ...message, params: { ...message.params, _meta } }
}

async function about(lent: Lent, method: string, hear: (message: JSONRPCMessage) => void): Promise<Outcome> {
  const { task, ended } = lent
  if (method === 'tasks/get') return { result: { ...task } }
  if (method === 'tasks/result') return related(await ended.promise, task.taskId)
  if (method !== 'tasks/cancel') return { error: { code: -32601, message: 'Method not found' } }
  if (task.status !== 'working') return invalid(`the task is ${task.status} already`)
  callOff(lent, hear)
  return { result: { ...task } }
}

/** An answer that the library has no longer to give is not sent either. */
function callOff(lent: Lent, hear: (message: JSONRPCMessage) => void): void {
  if (lent.task.status !== 'working') return
  hear({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: lent.task.taskId } })
  end(lent, { error: { code: -32800, message: 'the task was cancelled' } }, 'cancelled')
}

function end({ task, ended }: Lent, outcome: Outcome, status = statusOf(outcome)): void {
  if (task.status !== 'working') return
  Object.assign(task, { status, lastUpdatedAt: new Date().toISOString() })
  if ('error' in outcome) Object.assign(task, { statusMessage: outcome.error.message })
  ended.resolve(outcome)
}

const statusOf = (outcome: Outcome): Lent['task']['status'] => ('error' in outcome ? 'failed' : 'completed')

function related(outcome: Outcome, taskId: string): Outcome {
  if ('error' in outcome) return outcome
  const meta = isRecord(outcome.result['_meta']) ? outcome.result['_meta'] : {}
  return { result: { ...outcome.result, _meta: { ...meta, [relatedKey]: { taskId } } } }
}
