import {
  type CallToolRequestOptions,
  type CallToolResult,
  type Client,
  specTypeSchemas,
  type Tool,
} from '@modelcontextprotocol/client'
import type { Answer, AskDraft } from '../ask.ts'
import type { ServerConfig } from '../config/servers.ts'
import { Parked } from '../errors.ts'
import type { CallOptions } from '../toolbox.ts'
import { tidy } from './clean.ts'
import type { Connection } from './connection.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { toDraft, toElicitResult } from './elicit.ts'
import { callFault } from './faults.ts'
import type { Line } from './line.ts'
import { isRecord } from './mend.ts'
import { brokenPromise } from './output.ts'
import { type AnswerServer, linksIn, rootsOf, type ServerRequest } from './requests.ts'
import { remarkKey } from './result.ts'
import { attempt } from './retry.ts'
import { answerRound, isRound, type Responses, type Round, type RoundsOptions, toRound } from './rounds.ts'
import { logsWanted, type WarnOnce } from './server-log.ts'
import { asTask, followTask, type TaskOptions, taskIn, updateTask } from './tasks.ts'

/** Makes one request; `ways` are how, and `more` is to be added to its parameters. */
export type Run<T> = (client: Client, ways: Ways, more: Responses & { _meta: typeof logsWanted }) => Promise<T>

type Ways = Omit<CallToolRequestOptions, 'toolDefinition'> & { allowInputRequired: true }

/** `onProgress` may be absent where nobody looks. */
export type UseOptions = Pick<CallOptions, 'signal' | 'ask' | 'resume'> & Partial<Pick<CallOptions, 'onProgress'>>

export interface Calls {
  /**
   * Any request, within a deadline of its own: made again over another connection where that does no harm, and after each round of what the
   * server wants to know. Rejects with a sentence for the model.
   */
  use<T>(run: Run<T>, options: UseOptions & { repeatable: boolean }): Promise<T>
  call(tool: Tool, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>
  /**
   * Stops the clocks of the calls that are under way, until what is returned is called: for while a person is asked on behalf of one of
   * them. Which one it is, a server does not say.
   */
  hold(): () => void
  /** What the server asks beside an answer, as servers before 2026 do. */
  answer: AnswerServer
}

/** Lets a server ask the model on behalf of a call, whose person may be asked by `ask`. Rejects with a sentence, or as `ask` does. */
export type Sample = (
  params: unknown,
  of: {
    server: string
    /** The operator lets it do as it likes. */
    trusted: boolean
    /** As in `AskDraft`. */
    key: string
    ask: ((draft: AskDraft) => Promise<Answer>) | undefined
    signal: AbortSignal
  },
) => Promise<Record<string, unknown>>

interface CallsDeps {
  line: Line<Connection>
  config: ServerConfig
  trusted: boolean
  warnOnce: WarnOnce
  /** Aborted when the session is closed. */
  ended: AbortSignal
  sample?: Sample
}

interface Running {
  deadline: Deadline
  ask: CallOptions['ask']
  /** How often the server has asked on its behalf, and how often the model among it. */
  asked: number
  sampled: number
}

/** Of one call: a server that thinks more wants a model of its own. */
const mostSamples = 5

/** The calls of one session, each within a deadline of its own. */
export function createCalls(deps: CallsDeps): Calls {
  const { line, config, trusted, warnOnce, ended } = deps
  const running = new Set<Running>()
  const hold = () => holdAll([...running].map(({ deadline }) => deadline))
  async function use<T>(run: Run<T>, { repeatable, ...options }: UseOptions & { repeatable: boolean }): Promise<T> {
    const deadline = startDeadline(config.callMs, config.maxCallMs, options.signal, ended)
    const current: Running = { deadline, ask: stillAsk(options.ask, deadline), asked: 0, sampled: 0 }
    running.add(current)
    const ways: Ways = { ...request(deadline, options), allowInputRequired: true }
    const once = (more: Responses) =>
      deadline.race(attempt(line, client => run(client, ways, { ...more, _meta: logsWanted }), { deadline, repeatable }))
    try {
      const tasks: TaskOptions = {
        line,
        within: { deadline, repeatable },
        ...(options.onProgress && { onProgress: options.onProgress }),
      }
      return await inRounds(once, options.resume, current, deps, tasks)
    } catch (error) {
      if (error instanceof Parked) throw error
      throw deadline.signal.aborted ? deadline.signal.reason : callFault(error, config)
    } finally {
      running.delete(current)
      deadline.end()
    }
  }
  return {
    use,
    async call(tool, input, options) {
      const { readOnlyHint, idempotentHint } = tool.annotations ?? {}
      const repeatable = trusted && (readOnlyHint === true || idempotentHint === true)
      const params = { name: tool.name, arguments: input }
      const run: Run<CallToolResult> = (client, ways, more) =>
        callTool(client, tool, { ...params, ...more, ...asTask(client, tool) }, ways)
      return remark(tool, await use(run, { ...options, repeatable }), warnOnce)
    },
    hold,
    answer: asked => answerBeside(asked, [...running], hold, deps),
  }
}

/**
 * Before 2026 the library's own `callTool` adds to the request nothing that is wanted here, and finds the check of a result anew each
 * time, by one that fails and is put into words: a fifth of what a call costs.
 */
function callTool(client: Client, tool: Tool, params: { name: string }, ways: Ways): Promise<CallToolResult> {
  if (client.getProtocolEra() !== 'legacy') return client.callTool(params, { ...ways, toolDefinition: tool })
  return client.request({ method: 'tools/call', params }, oldResult, ways)
}

const { validate } = specTypeSchemas.CallToolResult['~standard']
/** Beside no content they say that it is no result, but something in its place. */
const insteadOfContent = ['task', 'inputRequests', 'requestState']

const oldResult = {
  '~standard': {
    ...specTypeSchemas.CallToolResult['~standard'],
    validate(value: unknown) {
      const isOther = isRecord(value) && value['content'] === undefined && insteadOfContent.some(key => key in value)
      return isOther ? { issues: [{ message: 'it has no content' }] } : validate(value)
    },
  },
}

function holdAll(held: Deadline[]): () => void {
  for (const deadline of held) deadline.pause()
  return () => {
    for (const deadline of held.splice(0)) deadline.resume()
  }
}

/** The clock of a call stands still while its person thinks. */
function stillAsk(ask: CallOptions['ask'], deadline: Deadline): CallOptions['ask'] {
  return (
    ask &&
    (async (draft, later) => {
      deadline.pause()
      try {
        return await ask(draft, later)
      } finally {
        deadline.resume()
      }
    })
  )
}

/** Asks again with what the server wanted to know, until it answers; from where an earlier attempt was left. */
async function inRounds<T>(
  once: (more: Responses) => Promise<T>,
  resume: unknown,
  call: Running,
  deps: CallsDeps,
  tasks: TaskOptions,
): Promise<T> {
  const from = deps.config.name
  const { ask } = call
  const answerAlone: RoundsOptions['answerAlone'] = (asked, key, later) =>
    answerFor(asked, { call, key, ask: ask && (draft => ask(draft, later)) }, deps)
  async function answerTo({ task }: Partial<Round> = {}, more: Responses): Promise<unknown> {
    if (task) await updateTask(task.id, more, tasks)
    const result = task ? undefined : await once(more).catch((error: unknown) => linksRound(error))
    const found = task ? { id: task.id, asked: false } : taskIn(result)
    const told = [...(task?.told ?? []), ...Object.keys(more.inputResponses ?? {})]
    return found ? followTask(found, task ? told : [], tasks) : result
  }
  let round = isRound(resume) ? resume : undefined
  while (true) {
    const more = round ? await answerRound(round, { from, ask, answerAlone }) : {}
    const result = await answerTo(round, more)
    const next = toRound(result, round)
    if (!next) return result as T
    round = next
  }
}

/** An old server that wants pages to be visited first is asked again in the same words. */
function linksRound(error: unknown): unknown {
  const links = linksIn(error)
  if (links.length === 0) throw error
  const requests = links.map((params, at) => [String(at), { method: 'elicitation/create', params }] as const)
  return { resultType: 'input_required', inputRequests: Object.fromEntries(requests), plain: true }
}

interface Behalf {
  call: Running | undefined
  /** As in `AskDraft`. */
  key: string
  ask: ((draft: AskDraft) => Promise<Answer>) | undefined
}

async function answerFor(
  { method, params }: ServerRequest,
  { call, key, ask }: Behalf,
  { config, sample }: CallsDeps,
): Promise<Record<string, unknown>> {
  if (method === 'roots/list') return rootsOf(config)
  if (method !== 'sampling/createMessage' || !sample || !config.sampling || !call)
    throw new Error(`the server wants ${method}, which it may not here`)
  if (++call.sampled > mostSamples) throw new Error(`the server has asked the model ${mostSamples} times in one call`)
  const of = { server: config.name, trusted: config.trust, key, ask, signal: call.deadline.signal }
  // The model is ours: while it thinks, the server is not late.
  call.deadline.pause()
  return sample(params, of).finally(call.deadline.resume)
}

/** Which of the calls a server asks for it does not say: where it may be more than one person, none is asked. */
async function answerBeside(
  asked: ServerRequest,
  running: Running[],
  hold: () => () => void,
  deps: CallsDeps,
): Promise<Record<string, unknown>> {
  const { config, warnOnce } = deps
  const withPerson = running.filter(({ ask }) => ask !== undefined)
  const [run, ...others] = withPerson.length > 0 ? withPerson : running
  if (asked.method === 'roots/list') return rootsOf(config)
  if (!run || others.length > 0) warnOnce({ method: asked.method }, 'mcp server asks, and it is not clear on whose behalf')
  const call = others.length > 0 ? undefined : run
  const key = `beside ${call ? ++call.asked : 0}`
  const askCall = call?.ask
  const ask = askCall && ((draft: AskDraft) => askCall(draft))
  const letGo = hold()
  try {
    if (asked.method !== 'elicitation/create') return await answerFor(asked, { call, key, ask }, deps)
    const draft = toDraft(asked.params, config.name, key)
    return { ...(draft && ask ? toElicitResult(await ask(draft), draft) : { action: 'cancel' }) }
  } finally {
    letGo()
  }
}

/** A setTimeout longer than this fires at once. The SDK's clock is not ours: its total is not kept, and silence ends it. */
const maxTimerMs = 2 ** 31 - 1
/** Of what a server says about its progress. */
const maxMessageChars = 500

function request(deadline: Deadline, { onProgress }: UseOptions): CallToolRequestOptions {
  return {
    signal: deadline.signal,
    timeout: maxTimerMs,
    onprogress({ progress, total, message }) {
      deadline.touch()
      const said = message === undefined ? {} : { message: tidy(message, maxMessageChars) }
      onProgress?.({ done: progress, ...(total === undefined ? {} : { total }), ...said })
    },
  }
}

/** A result that is not what the tool promised is still a result; who reads it is told. */
function remark(tool: Tool, result: CallToolResult, warnOnce: WarnOnce): CallToolResult {
  const broken = brokenPromise(tool, result)
  if (broken === undefined) return result
  warnOnce({ tool: tool.name, broken }, 'mcp tool breaks its output schema')
  if (result.structuredContent === undefined) return result
  const words = `the structured content is not what the tool promised: ${broken}`
  return { ...result, _meta: { ...result._meta, [remarkKey]: words } }
}
