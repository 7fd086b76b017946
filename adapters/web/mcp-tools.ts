import { randomUUID } from 'node:crypto'
import type { CallToolResult, ContentBlock, Tool } from '@modelcontextprotocol/server'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import type { OfferedTool, TurnEnd } from '../../src/adapter.ts'
import { type Author, type Conversation, platformOf } from '../../src/message.ts'
import { check } from './check.ts'
import { sessionShape } from './question.ts'
import type { HouseStatus } from './status.ts'
import { type Asker, conversationWith, type TalkOptions } from './talk.ts'
import { askTurn, type ProgramQuestion, type TurnStep, takeBackWhenGone } from './turn.ts'

export interface McpToolsOptions extends TalkOptions {
  status(): Promise<HouseStatus>
  /** What a tool returned beside words, by the `id` of the file; undefined when it has faded. Absent: it is only named. */
  fileOf?(conversation: Conversation, id: string, mime: string): Promise<Uint8Array | undefined>
  posting?: Posting
  /** How often it is looked whether the tools have become others; default: as often as workers tell of themselves. */
  watchEveryMs?: number
}

/** Where holders of keys may post into chats. */
export interface Posting {
  mayPost(author: Author): boolean
  /** Resolves with why it was not posted, in one sentence: nobody but those who may. */
  post(author: Author, conversation: Conversation, text: string, signal: AbortSignal): Promise<string | undefined>
}

/** Tells who waits how far it is. */
export type Report = (done: number, total: number | undefined, message: string | undefined) => Promise<void>

const question = z.string({ error: 'must be a text' }).max(100_000).regex(/\S/, 'is empty')
const session = z.string().regex(sessionShape, 'must be 8 to 64 characters out of A-Z, a-z, 0-9, "_" and "-"')
const askInput = z.object({
  question: question.describe('What is to be answered or done'),
  session_id: session.optional().describe('Goes on in the talk of an earlier answer; absent: a new talk'),
})
const askOutput = z.object({ answer: z.string(), session_id: z.string() })
const postInput = z.object({
  conversation: z
    .string({ error: 'must be a text' })
    .regex(/^[a-z]+(:-?\w{1,64}){1,2}$/, 'must be platform:chat or platform:chat:thread')
    .describe('Where: `platform:chat`, or `platform:chat:thread`, such as `telegram:-1001234:7`'),
  text: z.string({ error: 'must be a text' }).max(20_000).regex(/\S/, 'is empty').describe('What, in Markdown'),
})

const ask: Tool = {
  name: 'ask',
  title: 'Ask',
  description: 'Asks the bot, which answers by itself and calls its tools for it. Its steps are told as progress.',
  inputSchema: schemaOf(askInput),
  outputSchema: schemaOf(askOutput),
  annotations: { title: 'Ask', readOnlyHint: false, openWorldHint: true },
}
const postMessage: Tool = {
  name: 'post_message',
  title: 'Post message',
  description: 'Posts a message of the bot into a chat that it is in.',
  inputSchema: schemaOf(postInput),
  annotations: { title: 'Post message', readOnlyHint: false, destructiveHint: false, idempotentHint: false },
}

function schemaOf(schema: z.ZodType): Tool['inputSchema'] {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>
  return { ...json, type: 'object' }
}

/** What is waited for a list; a client gives up after a minute. */
const listMs = 30_000

/** All that who asks may call, as the worker that would run it knows it. Throws a sentence. */
export async function listTools(asker: Asker, options: McpToolsOptions): Promise<Tool[]> {
  const { ready } = await options.status()
  if (!ready) throw new Error('the tools are not known now: no worker is running')
  const patience = { ...options, patienceMs: Math.min(options.patienceMs, listMs) }
  const { end } = await follow(asker, once({ direct: 'list' }), patience, async () => {})
  if (!end.tools) throw new Error(end.problem ?? 'the tools could not be listed')
  const mayPost = options.posting?.mayPost(asker.author) ?? false
  return [ask, ...(mayPost ? [postMessage] : []), ...end.tools.map(toTool)]
}

function toTool({ name, title, description, inputSchema, outputSchema, ...said }: OfferedTool): Tool {
  const { readOnly, repeatable, destructive, openWorld } = said
  const annotations = {
    ...{ title, readOnlyHint: readOnly, idempotentHint: repeatable },
    ...(destructive !== undefined && { destructiveHint: destructive }),
    ...(openWorld !== undefined && { openWorldHint: openWorld }),
  }
  const promised = outputSchema && { outputSchema: { ...outputSchema, type: 'object' as const } }
  return { name, title, description, inputSchema: { ...inputSchema, type: 'object' }, ...promised, annotations }
}

const ownTools = new Map([
  ['ask', runAsk],
  ['post_message', runPost],
])

/** Never throws but when nobody is there to be told. */
export async function callTool(
  asker: Asker,
  name: string,
  input: Record<string, unknown>,
  report: Report,
  options: McpToolsOptions,
): Promise<CallToolResult> {
  const run = ownTools.get(name)
  return (run ? run(asker, input, report, options) : runTool(asker, name, input, report, options)).catch((error: unknown) => {
    asker.gone.throwIfAborted()
    return failed(error instanceof HTTPException || error instanceof Unanswered ? error.message : fault(error, options))
  })
}

function fault(error: unknown, { log }: McpToolsOptions): string {
  log.error({ reason: error instanceof Error ? error.message : String(error) }, 'web: a call over /mcp failed')
  return 'something went wrong inside the server: its log says what'
}

/** Nobody has answered in time. */
class Unanswered extends Error {
  override name = 'Unanswered'
}

const failed = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true })

const once = (terms: ProgramQuestion['terms']): ProgramQuestion => {
  return { session: `once-${randomUUID()}`, text: '', attachments: [], terms: { past: [], keeps: 'nothing', ...terms } }
}

/** One turn to its end; who gives up takes the question back, which reaches the tool. */
async function follow(
  asker: Asker,
  asked: ProgramQuestion,
  options: McpToolsOptions,
  hear: (step: TurnStep) => Promise<void>,
): Promise<{ end: TurnEnd; session: string }> {
  const turn = await askTurn(asker, asked, options)
  const leaving = takeBackWhenGone(asker, turn, options)
  try {
    for await (const { step } of turn.steps) {
      if (step.type === 'end') return { end: step, session: turn.session }
      await hear(step)
    }
  } finally {
    leaving.stop()
    turn.close()
  }
  asker.gone.throwIfAborted()
  throw new Unanswered(turn.whyNoEnd()[1])
}

async function runTool(
  asker: Asker,
  tool: string,
  input: Record<string, unknown>,
  report: Report,
  options: McpToolsOptions,
): Promise<CallToolResult> {
  const { end, session } = await follow(asker, once({ direct: { tool, input } }), options, async step => {
    if (step.type === 'progress') await report(step.done, step.total, step.message)
  })
  const { result } = end
  if (end.how !== 'answered' || !result) return failed(end.problem ?? `the call ended without a result: ${end.how}`)
  const conversation = conversationWith(asker.author, session)
  const files = await Promise.all(result.files.map(file => toContent(file, conversation, options)))
  const { ok, text, structured } = result
  const content = [{ type: 'text' as const, text }, ...files.flat()]
  return { content, ...(structured && { structuredContent: structured }), isError: !ok }
}

type File = NonNullable<TurnEnd['result']>['files'][number]

async function toContent(
  { id, name, mime }: File,
  conversation: Conversation,
  { fileOf }: McpToolsOptions,
): Promise<ContentBlock[]> {
  const bytes = await fileOf?.(conversation, id, mime)
  if (!bytes) return []
  const data = Buffer.from(bytes).toString('base64')
  const family = mime.slice(0, mime.indexOf('/'))
  if (family === 'image' || family === 'audio') return [{ type: family, data, mimeType: mime }]
  return [{ type: 'resource', resource: { uri: `bellhop:/files/${id}/${encodeURIComponent(name)}`, mimeType: mime, blob: data } }]
}

async function runAsk(
  asker: Asker,
  input: Record<string, unknown>,
  report: Report,
  options: McpToolsOptions,
): Promise<CallToolResult> {
  const { question: text, session_id = randomUUID() } = check(askInput, input)
  const labels = new Map<string, string>()
  let steps = 0
  const { end, session } = await follow(asker, { session: session_id, text, attachments: [], terms: {} }, options, async step => {
    if (step.type === 'call') labels.set(step.id, step.label)
    const said = tell(step, labels)
    if (said !== undefined) await report(++steps, undefined, said)
  })
  if (end.how === 'failed' || end.how === 'used-up' || end.how === 'stopped') return failed(end.problem ?? end.text)
  const structuredContent = { answer: end.text, session_id: session }
  return { content: [{ type: 'text', text: end.text }], structuredContent }
}

function tell(step: TurnStep, labels: Map<string, string>): string | undefined {
  if (step.type === 'call') return `⏳ ${step.label}`
  if (step.type === 'result') return `${step.ok ? '✅' : '⚠️'} ${labels.get(step.id) ?? step.name}`
  if (step.type !== 'progress') return undefined
  const far = step.total === undefined ? String(step.done) : `${step.done}/${step.total}`
  return `⏳ ${labels.get(step.id) ?? ''} ${step.message ?? far}`
}

async function runPost(
  { author, gone }: Asker,
  input: Record<string, unknown>,
  _report: Report,
  { posting }: McpToolsOptions,
): Promise<CallToolResult> {
  if (!posting) return failed('nobody can post into chats from here')
  const { conversation, text } = check(postInput, input)
  const why = await posting.post(author, conversation, text, gone)
  return why === undefined
    ? { content: [{ type: 'text', text: `It was posted to ${conversation} on ${platformOf(conversation)}.` }] }
    : failed(why)
}
