import type { Client } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { ToolProgress } from '../toolbox.ts'
import { tidy } from './clean.ts'
import type { Connection } from './connection.ts'
import type { Line } from './line.ts'
import { isRecord, mendResult, taskKey } from './mend.ts'
import { type AttemptOptions, attempt } from './retry.ts'
import type { Responses } from './rounds.ts'

// The extension "Tasks" of 2026-07-28: a server may answer a call with the name of a task, and is asked from time to time how far it is.

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
export function taskIn(result: unknown): string | undefined {
  const id = isRecord(result) && isRecord(result['_meta']) ? result['_meta'][taskKey] : undefined
  return typeof id === 'string' ? id : undefined
}

/** Tells the server what it wanted to know. What it has been told already, it may still name for a while. */
export async function updateTask(taskId: string, { inputResponses = {} }: Responses, options: TaskOptions): Promise<void> {
  await ask('tasks/update', { taskId, inputResponses }, options)
}

/**
 * Asks until the task has ended, or wants to know something that is not among `told`: the result of the call, or what stands for a round of
 * questions. Rejects as the call would; a call that is given up cancels its task.
 */
export async function followTask(taskId: string, told: string[], options: TaskOptions): Promise<unknown> {
  const { within, line, onProgress } = options
  const { deadline } = within
  const began = performance.now()
  try {
    while (true) {
      const task = await ask('tasks/get', { taskId }, options)
      deadline.touch()
      const ended = endOf(task, told)
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

function endOf(task: Task, told: string[]): unknown {
  const { status, result, error, inputRequests, taskId } = task
  if (status === 'completed') return mendResult({ resultType: 'complete', ...(isRecord(result) ? result : {}) })
  if (status === 'cancelled') throw new Error('the server has cancelled the task')
  if (status === 'failed') {
    const why = isRecord(error) && typeof error['message'] === 'string' ? `: ${tidy(error['message'], 500)}` : ''
    return { resultType: 'complete', isError: true, content: [{ type: 'text', text: `the task failed${why}` }] }
  }
  const asked = isRecord(inputRequests) ? Object.entries(inputRequests).filter(([id]) => !told.includes(id)) : []
  if (status !== 'input_required' || asked.length === 0) return undefined
  return { resultType: 'input_required', inputRequests: Object.fromEntries(asked), taskId }
}

function intervalOf({ pollIntervalMs }: Task): number {
  const wanted = typeof pollIntervalMs === 'number' ? pollIntervalMs : pollMs
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
