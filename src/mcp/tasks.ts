import { type Client, ProtocolError, type Tool } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { ToolProgress } from '../toolbox.ts'
import { tidy } from './clean.ts'
import type { Connection } from './connection.ts'
import type { Line } from './line.ts'
import { isRecord, mendResult, type TaskName, taskKey, taskOnlyKey } from './mend.ts'
import { type AttemptOptions, attempt } from './retry.ts'
import type { Responses } from './rounds.ts'

// Calls that become tasks, and are asked after from time to time. By the extension "Tasks" of 2026-07-28 a server may answer any call with
// one; by 2025-11-25 a client calls a tool as one, which it does where the tool cannot be called otherwise.

export interface TaskOptions {
  line: Line<Connection>
  within: AttemptOptions
  onProgress?(progress: ToolProgress): void
}

/** By default and at least; some servers say 0. */
const pollMs = 1000
const leastPollMs = 100
const mostPollMs = 30_000
const farewellMs = 5000

/** The task that a call has become; undefined when it was answered. */
export function taskIn(result: unknown): TaskName | undefined {
  const task = isRecord(result) && isRecord(result['_meta']) ? result['_meta'][taskKey] : undefined
  return isRecord(task) ? (task as unknown as TaskName) : undefined
}

/** Tells the server what it wanted to know. What it has been told already, it may still name for a while. */
export async function updateTask(taskId: string, { inputResponses = {} }: Responses, options: TaskOptions): Promise<void> {
  await ask('tasks/update', { taskId, inputResponses }, options)
}

/** What makes a call of this tool a task before 2026, where it has to be one and the server says that it knows them. */
export function asTask(client: Client, { _meta }: Pick<Tool, '_meta'>): { task?: object } {
  const isKnown = client.getServerCapabilities()?.tasks?.requests?.tools?.call !== undefined
  return client.getProtocolEra() === 'legacy' && isKnown && _meta?.[taskOnlyKey] === true ? { task: {} } : {}
}

/**
 * Asks until the task has ended, or wants to know something that is not among `told`: the result of the call, or what stands for a round of
 * questions. Rejects as the call would; a call that is given up cancels its task.
 */
export async function followTask({ id: taskId, asked }: TaskName, told: string[], options: TaskOptions): Promise<unknown> {
  const { within, line, onProgress } = options
  const { deadline } = within
  const began = performance.now()
  const endOf = asked ? createOldEnd(taskId, options) : async (task: Task) => endOfTask(task, told)
  try {
    while (true) {
      const task = await ask('tasks/get', { taskId }, options)
      deadline.touch()
      const ended = await endOf(task)
      if (ended) return ended
      const message = typeof task['statusMessage'] === 'string' ? { message: tidy(task['statusMessage'], 500) } : {}
      onProgress?.({ done: Math.round((performance.now() - began) / 1000), ...message })
      await deadline.race(sleep(intervalOf(task)))
    }
  } catch (error) {
    const client = line.current()?.client
    if (deadline.signal.aborted && client) void send(client, 'tasks/cancel', { taskId }, { timeout: farewellMs }).catch(() => {}) // it is over in any case
    throw error
  }
}

type Task = Record<string, unknown>

function endOfTask(task: Task, told: string[]): unknown {
  const { status, result, error, inputRequests, taskId } = task
  if (status === 'completed') return mendResult({ resultType: 'complete', ...(isRecord(result) ? result : {}) })
  if (status === 'cancelled') throw new Error(cancelled)
  if (status === 'failed') return failed(isRecord(error) ? error['message'] : undefined)
  const asked = isRecord(inputRequests) ? Object.entries(inputRequests).filter(([id]) => !told.includes(id)) : []
  if (status !== 'input_required' || asked.length === 0) return undefined
  return { resultType: 'input_required', inputRequests: Object.fromEntries(asked), taskId }
}

/**
 * Of 2025-11-25: the result is asked for by itself, once the task has ended. Before that only when it wants to know something, since the
 * server asks the person beside this very request; it then stays open, and how far the task is goes on to be asked.
 */
function createOldEnd(taskId: string, options: TaskOptions): (task: Task) => Promise<unknown> {
  let asked: Promise<Task> | undefined
  function result(): Promise<Task> {
    const mine = asked ?? ask('tasks/result', { taskId }, options)
    asked = mine
    mine.catch(() => {
      if (asked === mine) asked = undefined // the next look asks again
    })
    return mine
  }
  return async ({ status, statusMessage }) => {
    if (status === 'cancelled') throw new Error(cancelled)
    if (status === 'input_required') void result()
    if (status === 'completed') return mendResult({ ...(await result()), resultType: 'complete' })
    if (status !== 'failed') return undefined
    // Of a tool that threw there is no result.
    return result().then(
      told => mendResult({ ...told, resultType: 'complete', isError: true }),
      error => {
        if (error instanceof ProtocolError) return failed(statusMessage ?? error.message)
        throw error
      },
    )
  }
}

const cancelled = 'the server has cancelled the task'

function failed(why: unknown): unknown {
  const text = `the task failed${typeof why === 'string' ? `: ${tidy(why, 500)}` : ''}`
  return { resultType: 'complete', isError: true, content: [{ type: 'text', text }] }
}

/** By its name of 2026, or by the one before. */
function intervalOf({ pollIntervalMs, pollInterval = pollMs }: Task): number {
  const said = pollIntervalMs ?? pollInterval
  const wanted = typeof said === 'number' ? said : pollMs
  return Math.min(Math.max(wanted, leastPollMs), mostPollMs)
}

const loose = z.looseObject({})

function ask(method: string, params: object, { line, within }: TaskOptions): Promise<Task> {
  const { deadline } = within
  const request = (client: Client) => send(client, method, params, { signal: deadline.signal })
  return deadline.race(attempt(line, request, { deadline, repeatable: true }))
}

async function send(client: Client, method: string, params: object, options: object): Promise<Task> {
  return client.request({ method, params: { ...params } }, loose, options)
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms).unref())
