import type { CallToolRequestOptions, CallToolResult, Tool } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { Parked } from '../errors.ts'
import type { CallOptions } from '../toolbox.ts'
import { tidy } from './clean.ts'
import type { Connection } from './connection.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { toDraft, toElicitResult } from './elicit.ts'
import { callFault } from './faults.ts'
import type { Line } from './line.ts'
import { brokenPromise } from './output.ts'
import { type AnswerServer, linksIn, rootsOf, type ServerRequest } from './requests.ts'
import { remarkKey } from './result.ts'
import { attempt } from './retry.ts'
import { answerRound, isRound, toRound } from './rounds.ts'

/** Tells the operator something that he may want to know, once. */
export type WarnOnce = (facts: object, event: string) => void

export interface Calls {
  call(tool: Tool, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>
  /**
   * Stops the clocks of the calls that are under way, until what is returned is called: for while a person is asked on behalf of one of
   * them. Which one it is, a server does not say.
   */
  hold(): () => void
  /** What the server asks beside an answer, as servers before 2026 do. */
  answer: AnswerServer
}

/** Lets a server ask the model on behalf of a call, whose person may be asked. */
export type Sample = (
  params: unknown,
  of: { server: string; ask: CallOptions['ask']; signal: AbortSignal },
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
  /** How often the server has asked on its behalf. */
  asked: number
}

/** The calls of one session, each within a deadline of its own. */
export function createCalls(deps: CallsDeps): Calls {
  const { line, config, trusted, warnOnce, ended } = deps
  const running = new Set<Running>()
  const hold = () => holdAll([...running].map(({ deadline }) => deadline))
  return {
    async call(tool, input, options) {
      const { readOnlyHint, idempotentHint } = tool.annotations ?? {}
      const repeatable = trusted && (readOnlyHint === true || idempotentHint === true)
      const deadline = startDeadline(config.callMs, config.maxCallMs, AbortSignal.any([options.signal, ended]))
      const run: Running = { deadline, ask: stillAsk(options.ask, deadline), asked: 0 }
      running.add(run)
      const params = { name: tool.name, arguments: input }
      const ways = { ...request(tool, deadline, options), allowInputRequired: true }
      const once = (more: object) =>
        deadline.race(attempt(line, client => client.callTool({ ...params, ...more }, ways), { deadline, repeatable }))
      try {
        return remark(tool, await inRounds(once, options.resume, run, deps), warnOnce)
      } catch (error) {
        if (error instanceof Parked) throw error
        throw deadline.signal.aborted ? deadline.signal.reason : callFault(error, config)
      } finally {
        running.delete(run)
        deadline.end()
      }
    },
    hold,
    answer: asked => answerBeside(asked, [...running], hold, deps),
  }
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
async function inRounds(
  once: (more: object) => Promise<unknown>,
  resume: unknown,
  { ask, deadline }: Running,
  deps: CallsDeps,
): Promise<CallToolResult> {
  const from = deps.config.name
  const answerAlone = (asked: ServerRequest) => answerFor(asked, ask, deadline.signal, deps)
  let round = isRound(resume) ? resume : undefined
  while (true) {
    const more = round ? await answerRound(round, { from, ask, answerAlone }) : {}
    const result = await once(more).catch((error: unknown) => linksRound(error))
    const next = toRound(result, round)
    if (!next) return result as CallToolResult
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

async function answerFor(
  { method, params }: ServerRequest,
  ask: CallOptions['ask'],
  signal: AbortSignal,
  { config, sample }: CallsDeps,
): Promise<Record<string, unknown>> {
  if (method === 'roots/list') return rootsOf(config)
  if (method === 'sampling/createMessage' && sample && config.sampling)
    return sample(params, { server: config.name, ask, signal })
  throw new Error(`the server wants ${method}, which it may not here`)
}

/** Which of the calls a server asks for it does not say: where it may be more than one person, none is asked. */
async function answerBeside(
  asked: ServerRequest,
  running: Running[],
  hold: () => () => void,
  deps: CallsDeps,
): Promise<Record<string, unknown>> {
  const { config, warnOnce } = deps
  const [run, ...others] = running.filter(({ ask }) => ask !== undefined)
  if (asked.method === 'roots/list') return rootsOf(config)
  if (!run || others.length > 0) warnOnce({ method: asked.method }, 'mcp server asks, and it is not clear on whose behalf')
  const ask = others.length > 0 ? undefined : run?.ask
  const letGo = hold()
  try {
    if (asked.method !== 'elicitation/create') return await answerFor(asked, ask, run?.deadline.signal ?? deps.ended, deps)
    const draft = toDraft(asked.params, config.name, `beside ${run ? ++run.asked : 0}`)
    return { ...(draft && ask ? toElicitResult(await ask(draft), draft) : { action: 'cancel' }) }
  } finally {
    letGo()
  }
}

/** A setTimeout longer than this fires at once. The SDK's clock is not ours: its total is not kept, and silence ends it. */
const maxTimerMs = 2 ** 31 - 1
/** Of what a server says about its progress. */
const maxMessageChars = 500

function request(tool: Tool, deadline: Deadline, { onProgress }: CallOptions): CallToolRequestOptions {
  return {
    signal: deadline.signal,
    timeout: maxTimerMs,
    toolDefinition: tool,
    onprogress({ progress, total, message }) {
      deadline.touch()
      const said = message === undefined ? {} : { message: tidy(message, maxMessageChars) }
      onProgress({ done: progress, ...(total === undefined ? {} : { total }), ...said })
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
