import { createHash, randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Attachment, CallerTool, Said, Terms } from '../../src/message.ts'
import { problem } from './problem.ts'
import { sessionShape } from './question.ts'
import type { ProgramQuestion } from './turn.ts'

const sayText = z.string({ error: 'must be a text' })
const textPart = z.looseObject({ type: z.literal('text'), text: sayText })
const imagePart = z.looseObject({
  type: z.literal('image_url'),
  image_url: z.looseObject({
    url: z.string().regex(/^data:image\/[\w.+-]+;base64,/, 'must be a data: URL: no address is fetched'),
  }),
})
const refusalPart = z.looseObject({ type: z.literal('refusal'), refusal: sayText })
const parts = <P extends typeof textPart | typeof imagePart | typeof refusalPart>(...kinds: [P, ...P[]]) =>
  z.union([sayText, z.array(z.discriminatedUnion('type', kinds)).max(200)], { error: 'must be a text, or a list of parts' })

const toolName = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" and "-"')
const calls = z.array(
  z.looseObject({ id: z.string().min(1).max(200), function: z.looseObject({ name: toolName, arguments: sayText }) }),
)
const role = <R extends string, S extends z.ZodRawShape>(name: R, shape: S) => z.looseObject({ role: z.literal(name), ...shape })
const message = z.discriminatedUnion(
  'role',
  [
    role('system', { content: parts(textPart) }),
    role('developer', { content: parts(textPart) }),
    role('user', { content: parts<typeof textPart | typeof imagePart>(textPart, imagePart) }),
    role('assistant', {
      content: parts<typeof textPart | typeof refusalPart>(textPart, refusalPart).nullish(),
      tool_calls: calls.nullish(),
    }),
    role('tool', { content: parts(textPart), tool_call_id: z.string() }),
  ],
  { error: 'must be a message with the role "system", "developer", "user", "assistant" or "tool"' },
)
type GivenMessage = z.output<typeof message>

const functionTool = z.looseObject({
  type: z.literal('function', { error: 'must be "function"' }),
  function: z.looseObject({
    name: toolName,
    description: z.string().max(10_000).nullish(),
    parameters: z.looseObject({}).nullish(),
  }),
})
const choice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: toolName }) }),
  ],
  { error: 'must be "none", "auto", "required", or {"type": "function", "function": {"name": …}}' },
)
const number = (from: number, to: number) =>
  z.number({ error: 'must be a number' }).min(from, `must be at least ${from}`).max(to, `must be at most ${to}`)
const whole = (to: number) => z.int({ error: 'must be a whole number' }).min(1, 'must be at least 1').max(to)
const label = z.string({ error: 'must be a text' }).min(1).max(200)

/** For the model's endpoint, as they are. */
const endpointParameters = {
  temperature: number(0, 2).nullish(),
  top_p: number(0, 1).nullish(),
  presence_penalty: number(-2, 2).nullish(),
  frequency_penalty: number(-2, 2).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)], { error: 'must be a text, or a list of at most 4' }).nullish(),
  response_format: z.looseObject({ type: z.string() }, { error: 'must be an object with a "type"' }).nullish(),
  reasoning_effort: z.string().max(20).nullish(),
}

export const messageList = z
  .array(message, { error: 'must be a list of messages' })
  .min(1, 'must hold at least one message')
  .max(5000, 'must hold at most 5000 messages')

/** The body of `POST /v1/chat/completions`; what is not named here is tolerated and does nothing. */
export const completionRequest = z.looseObject({
  model: label.default('bellhop'),
  messages: messageList,
  stream: z.boolean({ error: 'must be true or false' }).nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(functionTool, { error: 'must be a list of tools' }).max(128).nullish(),
  tool_choice: choice.nullish(),
  n: z.literal(1, { error: 'must be 1: one answer is given' }).nullish(),
  max_tokens: whole(1_000_000).nullish(),
  max_completion_tokens: whole(1_000_000).nullish(),
  user: label.nullish(),
  session_id: label.nullish(),
  ...endpointParameters,
})
export type CompletionRequest = z.output<typeof completionRequest>

/** The turn that a completion is. Throws 400 where the messages do not belong together. */
export function toProgramQuestion(c: Context, asked: CompletionRequest): ProgramQuestion {
  const session = sessionOf(c, asked)
  const { terms, ...question } = readTurn(asked.messages, session !== undefined)
  const keeps = session === undefined ? { keeps: 'nothing' as const } : {}
  return { session: session ?? `once-${randomUUID()}`, ...question, terms: { ...terms, ...keeps, ...wishesOf(asked) } }
}

/** What is asked by these messages, and what was said before: what the house remembers where the session `isKept`. Throws 400. */
export function readTurn(messages: z.output<typeof messageList>, isKept: boolean): Omit<ProgramQuestion, 'session'> {
  const { attachments, list, instructions } = readMessages(messages)
  const from = beginOfTurn(list, isKept)
  const tail = list.slice(from)
  const ran = tail.filter(({ role }) => role !== 'user')
  const text = tail.flatMap(one => (one.role === 'user' ? [one.text] : [])).join('\n\n')
  const past = isKept ? {} : { past: list.slice(0, from) }
  return { text, attachments, terms: { ...past, ...(ran.length > 0 && { ran }), ...(instructions !== '' && { instructions }) } }
}

/** Undefined: the call stands alone. */
function sessionOf(c: Context, { session_id, user }: CompletionRequest): string | undefined {
  const named = c.req.header('x-session-id') ?? session_id
  if (named != null) {
    if (sessionShape.test(named)) return named
    throw problem(400, '"session_id" must be 8 to 64 characters out of A-Z, a-z, 0-9, "_" and "-"', { param: 'session_id' })
  }
  return user == null ? undefined : `user-${createHash('sha256').update(user).digest('hex').slice(0, 32)}`
}

function wishesOf(asked: CompletionRequest): Terms {
  const { tools, tool_choice: wanted, max_tokens, max_completion_tokens, model } = asked
  const maxTokens = max_completion_tokens ?? max_tokens
  const given = Object.keys(endpointParameters).map(name => [name, asked[name]] as const)
  const parameters = Object.fromEntries(given.filter(([, value]) => value != null))
  return {
    ...(tools?.length && { tools: tools.map(toCallerTool) }),
    ...(wanted && wanted !== 'auto' && { choice: typeof wanted === 'string' ? wanted : { name: wanted.function.name } }),
    ...(maxTokens != null && { maxTokens }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(model !== 'bellhop' && { model }),
  }
}

const toCallerTool = ({ function: { name, description, parameters } }: z.output<typeof functionTool>): CallerTool => {
  return { name, description: description ?? '', inputSchema: { type: 'object', properties: {}, ...parameters } }
}

/** Where what is asked now begins: with the last user message, in a session with all behind the last answer; with calls that were run. */
function beginOfTurn(list: Said[], isKept: boolean): number {
  const answer = list.findLastIndex(one => one.role === 'assistant' && one.calls.length === 0)
  const question = list.findLastIndex(({ role }) => role === 'user')
  const call = list.findIndex(({ role }, at) => at > answer && role === 'assistant')
  if (isKept && answer < list.length - 1) {
    return call > answer && list.slice(call).some(({ role }) => role === 'tool') ? call : answer + 1
  }
  return question === list.length - 1 ? question : list.length
}

function readMessages(messages: GivenMessage[]) {
  const list: Said[] = []
  const instructions: string[] = []
  const names = new Map<string, string>()
  for (const [at, one] of messages.entries()) {
    const text = textOf(one.content)
    if (one.role === 'system' || one.role === 'developer') instructions.push(text)
    else if (one.role === 'user') list.push({ role: 'user', text })
    else if (one.role === 'assistant') {
      const made = (one.tool_calls ?? []).map(call => toCall(call, at))
      for (const { id, name } of made) names.set(id, name)
      list.push({ role: 'assistant', text, calls: made })
    } else {
      const name = names.get(one.tool_call_id)
      const param = `messages[${at}].tool_call_id`
      if (name === undefined) throw problem(400, `"${param}" answers no call of a message before it`, { param })
      names.delete(one.tool_call_id)
      list.push({ role: 'tool', callId: one.tool_call_id, name, text, ok: true })
    }
  }
  const [open] = names.keys()
  if (open !== undefined) throw problem(400, `"messages": nothing answers the call "${open}"`, { param: 'messages' })
  const asked = messages.at(-1)
  const attachments = asked?.role === 'user' ? picturesIn(asked.content) : []
  const isEmpty = asked?.role === 'user' && textOf(asked.content).trim() === '' && attachments.length === 0
  if (list.length === 0) throw problem(400, '"messages" has no message of the role "user"', { param: 'messages' })
  if (isEmpty) {
    const param = `messages[${messages.length - 1}].content`
    throw problem(400, `"${param}" is empty: the last user message is what is asked`, { param })
  }
  return { list, attachments, instructions: instructions.join('\n\n') }
}

function toCall({ id, function: { name, arguments: json } }: z.output<typeof calls>[number], at: number) {
  try {
    const input: unknown = JSON.parse(json === '' ? '{}' : json)
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { id, name, input: { ...input } }
  } catch {}
  const param = `messages[${at}].tool_calls`
  throw problem(400, `"${param}": the arguments of "${id}" are not a JSON object`, { param })
}

type Content = GivenMessage['content']

/** A picture of an earlier message is only named: it was shown when it was new. */
function textOf(content: Content): string {
  if (typeof content === 'string') return content
  return (content ?? [])
    .map(part => (part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : ''))
    .filter(Boolean)
    .join('\n')
}

function picturesIn(content: Content): Attachment[] {
  if (typeof content === 'string') return []
  return (content ?? []).flatMap((part, at) => {
    if (part.type !== 'image_url') return []
    const { url } = part.image_url
    const mime = /^data:(image\/[\w.+-]+);/.exec(url)?.[1] ?? 'image/png'
    return [{ kind: 'image' as const, name: `picture-${at + 1}`, mime, ref: url }]
  })
}
