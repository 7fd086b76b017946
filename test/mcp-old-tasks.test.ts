// Tasks as they were in 2025-11-25: those that a tool wants to be called with, and those that a server wants of us.
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, test } from 'vitest'
import { lendTasks } from '../src/mcp/lent-tasks.ts'
import type { ToolProgress } from '../src/toolbox.ts'
import type { Script } from './wire/mcp/raw-web.ts'
import { closeSessions, openWeb } from './wire/mcp/session.ts'
import { closeAll, openHost, remote } from './wire/mcp/start.ts'

afterEach(async () => {
  await closeAll()
  await closeSessions()
})

const words = (text: string) => ({ content: [{ type: 'text', text }] })
const task = (status: string, statusMessage?: string) => ({
  ...{ taskId: 't-1', status, ttl: null, pollInterval: 100, createdAt: '', lastUpdatedAt: '' },
  ...(statusMessage !== undefined && { statusMessage }),
})

/** A server whose one tool wants a task, and says these one after the other when it is asked after it; the last for ever. */
async function openKitchen(
  states: object[],
  result: Script[string],
  tasks: object | undefined = { requests: { tools: { call: {} } } },
) {
  const asked: unknown[] = []
  const web = await openWeb('legacy', {
    'tools/list': reply =>
      reply.json({ tools: [{ name: 'cook', inputSchema: { type: 'object' }, execution: { taskSupport: 'required' } }] }),
    'tools/call'(reply, { params }) {
      const wanted = (params as { task?: object }).task
      asked.push(wanted)
      reply.json(wanted ? { task: task('working') } : words('cooked at once'))
    },
    'tasks/get': reply => reply.json((states.length > 1 ? states.shift() : states[0]) ?? {}),
    'tasks/result': result,
    'tasks/cancel': reply => reply.json(task('cancelled')),
  })
  const usual = web.usual['initialize']
  const capabilities = { tools: {}, ...(tasks && { tasks }) }
  web.script['initialize'] = (reply, message) =>
    usual?.({ ...reply, json: answer => reply.json({ ...answer, protocolVersion: '2025-11-25', capabilities }) }, message)
  const host = openHost()
  await host.start([remote(web.url, 'http', {}, { name: 'kitchen' })])
  const progress: ToolProgress[] = []
  const call = (signal = new AbortController().signal) =>
    host.call('kitchen__cook', {}, { signal, onProgress: one => progress.push(one) })
  return { web, asked, call, progress }
}

describe('a tool that wants a task', () => {
  test('is called with one, asked after until it is done, and its result is fetched', async () => {
    const states = [task('working', 'chopping'), task('working', 'frying'), task('completed')]
    const { call, progress, asked, web } = await openKitchen(states, reply => reply.json(words('an omelette')))
    expect(await call()).toEqual({ ok: true, text: 'an omelette' })
    expect(asked).toEqual([{}])
    expect(progress.map(({ message }) => message)).toEqual(['chopping', 'frying'])
    expect(web.count('tasks/result')).toBe(1)
  })

  test('and wants to know something has its result waited for, since only then it asks', async () => {
    const states = [task('input_required', 'salt?')]
    const { call, web } = await openKitchen(states, reply => {
      states.push(task('working', 'salted'), task('working', 'stirred'), task('completed'))
      setTimeout(() => reply.json(words('salty')), 600)
    })
    expect(await call()).toEqual({ ok: true, text: 'salty' })
    expect(web.count('tasks/result')).toBe(1)
  })

  test('and fails is a failed call, with the words of its result', async () => {
    const states = [task('failed', 'burnt')]
    const result = { ...words('it is burnt'), isError: true }
    const { call } = await openKitchen(states, reply => reply.json(result))
    expect(await call()).toEqual({ ok: false, text: 'it is burnt' })
  })

  test('and is given up has its task cancelled', async () => {
    const { call, web } = await openKitchen([task('working')], () => {})
    const control = new AbortController()
    const result = call(control.signal)
    await expect.poll(() => web.count('tasks/get')).toBeGreaterThan(1)
    control.abort()
    expect((await result).ok).toBe(false)
    await expect.poll(() => web.count('tasks/cancel')).toBe(1)
  })

  test('is called without where the server itself knows no tasks', async () => {
    const { call, asked } = await openKitchen([], () => {}, {})
    expect(await call()).toEqual({ ok: true, text: 'cooked at once' })
    expect(asked).toEqual([undefined])
  })
})

/** A line to a server, by hand: what it says to us, what we say to it, and what the library hears. */
function openLine() {
  const sent: JSONRPCMessage[] = []
  const heard: JSONRPCMessage[] = []
  let listener: Transport['onmessage']
  const transport: Transport = { start: async () => {}, close: async () => {}, send: async message => void sent.push(message) }
  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: () => listener,
    set: (one: Transport['onmessage']) => {
      listener = one
    },
  })
  lendTasks(transport)
  transport.onmessage = message => void heard.push(message)
  let id = 0
  /** The answer to what the server asks. */
  async function ask(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const mine = ++id
    const found = () => sent.find(message => 'id' in message && message.id === mine && !('method' in message))
    transport.onmessage?.({ jsonrpc: '2.0', id: mine, method, params })
    await expect.poll(found).toBeDefined()
    return { ...found() }
  }
  /** The server wants this answered as a task; its name, and what the library is asked instead. */
  async function lend(more: Record<string, unknown> = {}) {
    const { result } = (await ask('elicitation/create', { message: 'Who?', task: { ttl: 60_000 }, ...more })) as {
      result: { task: { taskId: string } }
    }
    const { taskId } = result.task
    const question = heard.at(-1) as { id: string }
    return { task: result.task, taskId, question }
  }
  const answer = (of: { id: string }, result: object) => transport.send({ jsonrpc: '2.0', id: of.id, result: { ...result } })
  const refuse = (of: { id: string }) => transport.send({ jsonrpc: '2.0', id: of.id, error: { code: -1, message: 'no' } })
  return { ask, lend, answer, refuse, heard, sent, transport }
}

describe('a question that is to be answered as a task', () => {
  test('is a plain one to the library, and its answer is kept until it is fetched', async () => {
    const { ask, lend, answer, heard, sent } = openLine()
    const { task, taskId, question } = await lend()
    expect(task).toMatchObject({ status: 'working', ttl: 60_000, pollInterval: expect.any(Number) })
    expect(heard).toEqual([expect.objectContaining({ method: 'elicitation/create', params: { message: 'Who?' } })])
    expect(await ask('tasks/get', { taskId })).toMatchObject({ result: { taskId, status: 'working' } })
    const result = ask('tasks/result', { taskId })
    await answer(question, { action: 'accept', content: { name: 'Bob' } })
    const _meta = { 'io.modelcontextprotocol/related-task': { taskId } }
    expect(await result).toMatchObject({ result: { action: 'accept', content: { name: 'Bob' }, _meta } })
    expect(await ask('tasks/get', { taskId })).toMatchObject({ result: { status: 'completed' } })
    expect(sent.filter(message => 'id' in message && message.id === question.id)).toEqual([])
    expect(heard).toHaveLength(1)
  })

  test('and is refused has failed', async () => {
    const { ask, lend, refuse } = openLine()
    const { taskId, question } = await lend()
    await refuse(question)
    expect(await ask('tasks/get', { taskId })).toMatchObject({ result: { status: 'failed', statusMessage: 'no' } })
    expect(await ask('tasks/result', { taskId })).toMatchObject({ error: { code: -1, message: 'no' } })
  })

  test('can be called off once', async () => {
    const { ask, lend, answer, heard } = openLine()
    const { taskId, question } = await lend()
    expect(await ask('tasks/cancel', { taskId })).toMatchObject({ result: { taskId, status: 'cancelled' } })
    expect(heard.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: question.id } })
    await answer(question, { action: 'accept' })
    expect(await ask('tasks/cancel', { taskId })).toMatchObject({ error: { code: -32602 } })
    expect(await ask('tasks/result', { taskId })).toMatchObject({ error: { message: 'the task was cancelled' } })
  })

  test('is called off when its time is over, and forgotten', async () => {
    const { ask, lend, heard } = openLine()
    const { taskId, question } = await lend({ task: { ttl: 50 } })
    await expect.poll(() => heard.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: question.id } })
    expect(await ask('tasks/get', { taskId })).toMatchObject({ error: { message: 'there is no such task' } })
  })

  test('of which there are too many is refused', async () => {
    const { ask, lend } = openLine()
    for (let at = 0; at < 50; at++) await lend()
    expect(await ask('sampling/createMessage', { task: {} })).toMatchObject({ error: { code: -32602 } })
  })
})

test('servers of 2025-11-25 are told that they may want such tasks, and others are not', async () => {
  const told: Record<string, unknown> = {}
  for (const era of ['legacy', 'modern'] as const) {
    const web = await openWeb(era)
    const host = openHost()
    await host.start([remote(web.url, 'http', {}, { name: era, sampling: true })])
    for (const { message } of web.heard) {
      const { capabilities = message?.params?._meta?.['io.modelcontextprotocol/clientCapabilities'] } = { ...message?.params }
      if (capabilities) told[message?.method ?? ''] = capabilities
    }
  }
  const requests = { elicitation: { create: {} }, sampling: { createMessage: {} } }
  expect(told['initialize']).toMatchObject({ sampling: {}, tasks: { cancel: {}, requests } })
  expect(told['server/discover']).toMatchObject({ sampling: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } })
  expect(told['server/discover']).not.toHaveProperty('tasks')
  expect(told['tools/list']).not.toHaveProperty('tasks')
})

test('nobody else is disturbed: other questions, other answers, and tasks that there are not', async () => {
  const { ask, heard, sent, transport } = openLine()
  transport.onmessage?.({ jsonrpc: '2.0', id: 7, method: 'elicitation/create', params: { message: 'Who?' } })
  transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/message', params: {} })
  expect(heard).toHaveLength(2)
  await transport.send({ jsonrpc: '2.0', id: 7, result: { action: 'decline' } })
  expect(sent).toEqual([{ jsonrpc: '2.0', id: 7, result: { action: 'decline' } }])
  expect(await ask('tasks/get', { taskId: 'none' })).toMatchObject({ error: { code: -32602 } })
  expect(heard).toHaveLength(2)
})
