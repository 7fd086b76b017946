import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Terms } from '../../src/message.ts'
import { check } from './check.ts'
import { knownModel, whyNot } from './openai-api.ts'
import { messageList, readTurn } from './openai-request.ts'
import { problem, refusal } from './problem.ts'
import { readBody, sessionShape } from './question.ts'
import { followReply } from './reply-line.ts'
import type { Route } from './route.ts'
import { stream } from './sse.ts'
import type { HouseStatus } from './status.ts'
import { authorOf, conversationOf, kept, type TalkOptions } from './talk.ts'
import { openTurn, type ProgramQuestion, type ProgramTurn, type TurnStep } from './turn.ts'

/** Where programs may have models of their own. */
export interface Elsewhere {
  baseUrls: string[]
  /** As a key may lie in Redis; absent: no key can be kept. */
  seal?: ((key: string, baseUrl: string) => string) | undefined
}

export interface HouseApiOptions extends TalkOptions {
  elsewhere?: Elsewhere
  status(): Promise<HouseStatus>
}

const session = z
  .string({ error: 'must be a text' })
  .regex(sessionShape, 'must be 8 to 64 characters out of A-Z, a-z, 0-9, "_" and "-"')
const modelConfig = z
  .looseObject({
    model_name: z.string({ error: 'must be a text' }).min(1).max(200).nullish(),
    temperature: z.number({ error: 'must be a number' }).min(0).max(2).nullish(),
    max_tokens: z.int({ error: 'must be a whole number' }).min(1).max(1_000_000).nullish(),
    api_key: z.string().nullish(),
    base_url: z.string().max(2000, 'must have at most 2000 characters').nullish(),
  })
  .nullish()
/** The body of `POST /api/chat/stream`. */
const streamRequest = z.looseObject({
  session_id: session,
  content: z.string({ error: 'must be a text' }).max(100_000, 'must have at most 100000 characters').regex(/\S/, 'is empty'),
  model_config: modelConfig,
})
/** The body of `POST /api/chat/stream/direct`. */
const directRequest = z.looseObject({ session_id: session, messages: messageList, model_config: modelConfig })
/** The body of `POST /api/chat/abort`. */
const abortRequest = z.looseObject({ session_id: session })

/** Talk with each step told, and what the house is made of. */
export function houseRoutes(options: HouseApiOptions): Route[] {
  return [
    {
      method: 'POST',
      body: streamRequest,
      gives: 'events',
      path: '/api/chat/stream',
      about:
        '{session_id, content, model_config?} → server-sent events {type, data}: chunk, tool_call, tool_stream_chunk, tool_result, complete, error',
      handle: c => streamChat(c, options),
    },
    {
      method: 'POST',
      body: directRequest,
      gives: 'events',
      path: '/api/chat/stream/direct',
      about:
        'the same of {session_id, messages, model_config?}: the messages are read in place of what is remembered, and only the answer is kept',
      handle: c => streamDirect(c, options),
    },
    {
      method: 'POST',
      body: abortRequest,
      path: '/api/chat/abort',
      about: '{session_id} → stops the answer under way',
      handle: c => abort(c, options),
    },
    {
      method: 'GET',
      path: '/api/tools',
      about: 'the tools of all servers',
      handle: async c => c.json({ tools: (await options.status()).tools ?? [] }),
    },
    {
      method: 'GET',
      path: '/api/metrics/tools',
      about: 'what the calls of each tool came to since the workers began',
      handle: async c => c.json({ tools: (await options.status()).metrics ?? [] }),
    },
  ]
}

async function streamChat(c: Context, options: HouseApiOptions): Promise<Response> {
  const asked = check(streamRequest, await readBody(c))
  const terms = await termsOf(asked.model_config, options)
  return streamSteps(c, options, { session: asked.session_id, text: asked.content, attachments: [], terms })
}

async function streamDirect(c: Context, options: HouseApiOptions): Promise<Response> {
  const asked = check(directRequest, await readBody(c))
  const { terms: laidDown, ...question } = readTurn(asked.messages, false)
  const terms: Terms = { ...laidDown, keeps: 'answer', ...(await termsOf(asked.model_config, options)) }
  return streamSteps(c, options, { session: asked.session_id, ...question, terms })
}

/** Whose model is asked, with whose key and at which address, is the operator's to say. */
async function termsOf(config: z.output<typeof modelConfig>, { status, elsewhere }: HouseApiOptions): Promise<Terms> {
  const { model_name: name, temperature, max_tokens: maxTokens, base_url: baseUrl, api_key: key } = config ?? {}
  const endpoint = endpointOf(name ?? '', baseUrl ?? '', key ?? '', elsewhere)
  if (name != null && !endpoint) await knownModel(name, status)
  return {
    ...(endpoint ? { endpoint } : name != null && name !== 'bellhop' && { model: name }),
    ...(maxTokens != null && { maxTokens }),
    ...(temperature != null && { parameters: { temperature } }),
  }
}

/** Throws 400 and 403. */
function endpointOf(
  model: string,
  given: string,
  key: string,
  { baseUrls, seal }: Elsewhere = { baseUrls: [] },
): Terms['endpoint'] {
  const baseUrl = given.replace(/\/+$/, '')
  const refused = (param: string, why: string) =>
    problem(403, `"model_config.${param}" is not allowed: ${why}`, { param: `model_config.${param}` })
  if (baseUrl !== '' && !baseUrls.includes(baseUrl))
    throw refused('base_url', 'this server asks the models of its operator, and no other')
  if (key === '' && baseUrl === '') return undefined
  if (baseUrl === '') throw refused('api_key', 'a key goes with a "base_url" that the operator allows')
  if (model === '')
    throw problem(400, '"model_config.model_name" is missing: which model is asked at this "base_url"?', {
      param: 'model_config.model_name',
    })
  if (key === '') return { baseUrl, model }
  if (!seal) throw refused('api_key', 'no key can be kept here, since the operator has set no SECRET_KEY')
  return { baseUrl, model, sealedKey: seal(key, baseUrl) }
}

async function streamSteps(c: Context, options: HouseApiOptions, question: ProgramQuestion): Promise<Response> {
  const turn = await openTurn(c, async () => question, options)
  return stream(
    c,
    options,
    async opened => {
      const send = (type: string, data: object, id?: string) =>
        opened.writeSSE({ data: JSON.stringify({ type, data }), ...(id !== undefined && { id }) })
      for await (const { id, step } of turn.steps) {
        await send(...toEvent(step, turn), id)
        if (step.type === 'end') return
      }
      await send('error', refusal(...turn.whyNoEnd()).error)
    },
    turn.close,
  )
}

function toEvent(step: TurnStep, { session: session_id, messageId }: ProgramTurn): [type: string, data: object] {
  if (step.type === 'text') return ['chunk', { content: step.delta }]
  if (step.type === 'call') return ['tool_call', { id: step.id, name: step.name, label: step.label, arguments: step.input }]
  if (step.type === 'progress') {
    const { type: _, ...progress } = step
    return ['tool_stream_chunk', progress]
  }
  if (step.type === 'result') {
    const { type: _, text: content, ...result } = step
    return ['tool_result', { ...result, content }]
  }
  const why = whyNot(step)
  if (why) return ['error', refusal(...why).error]
  const { type: _, text: content, calls: __, ...end } = step
  return ['complete', { content, session_id, message_id: messageId, ...end }]
}

/** How long the answer to a command is waited for. */
const commandMs = 5000

/** As whoever types `/stop` there: a session belongs to its key, and so does what is stopped. */
async function abort(c: Context, options: HouseApiOptions): Promise<Response> {
  const asked = check(abortRequest, await readBody(c))
  const conversation = conversationOf(c, asked.session_id)
  const id = `web:${randomUUID()}`
  let answered = (_: string) => {}
  const answer = new Promise<string>(resolve => (answered = resolve))
  const unlisten = await kept(
    followReply(options.feed, conversation, id, ({ text }) => answered(text)),
    options.log,
  )
  const patience = setTimeout(() => answered(''), commandMs)
  try {
    const base = { id, conversation, author: authorOf(c), text: '/stop', attachments: [], replyTo: id }
    await kept(options.receive({ ...base, sentAt: Date.now(), kind: 'api', alone: true }), options.log)
    return c.json({ ok: true, message: await answer })
  } finally {
    clearTimeout(patience)
    unlisten()
  }
}
