import type { Context } from 'hono'
import type { SSEStreamingApi } from 'hono/streaming'
import { z } from 'zod'
import type { TurnEnd } from '../../src/adapter.ts'
import { reason } from '../../src/log.ts'
import { check } from './check.ts'
import { createToolRecords, openCompletion } from './openai-answer.ts'
import { type CompletionRequest, completionRequest, toProgramQuestion } from './openai-request.ts'
import { openAiRefusal, problem } from './problem.ts'
import { readBody } from './question.ts'
import type { Route } from './route.ts'
import { stream } from './sse.ts'
import type { HouseStatus } from './status.ts'
import type { TalkOptions } from './talk.ts'
import { openTurn, type ProgramTurn, withdrawWhenGone } from './turn.ts'

export interface OpenAiApiOptions extends TalkOptions {
  status(): Promise<HouseStatus>
  /** Absent: no model makes vectors. */
  embed?: { model: string; vectorsOf(texts: string[], signal: AbortSignal): Promise<number[][]> }
}

/** The model that every house has: the operator's first. */
const ownName = 'bellhop'

const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(256)], {
  error: 'must be a text, or a list of 1 to 256 texts, none of them empty',
})
/** The body of `POST /v1/embeddings`. */
const embeddingRequest = z.looseObject({
  model: z.string({ error: 'must be a text' }).optional(),
  input: oneOrMore,
  encoding_format: z.enum(['float', 'base64'], { error: 'must be "float" or "base64"' }).nullish(),
})

/** What OpenAI's libraries speak. */
export function openAiRoutes(options: OpenAiApiOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/models',
      about: 'the models that may be asked, as OpenAI lists them',
      handle: c => models(c, options),
    },
    {
      method: 'GET',
      path: '/v1/models/:model',
      about: 'one of the models',
      handle: c => oneModel(c, options),
    },
    {
      method: 'POST',
      body: completionRequest,
      gives: 'both',
      path: '/v1/chat/completions',
      about: "OpenAI's chat completions, plain or streamed; the house runs its own tools meanwhile",
      handle: c => complete(c, options),
    },
    {
      method: 'POST',
      body: embeddingRequest,
      path: '/v1/embeddings',
      about: 'vectors of texts, where EMBEDDING_MODEL is set',
      handle: c => embed(c, options),
    },
  ]
}

const modelsOf = ({ models = [] }: HouseStatus) => [ownName, ...models]
const toModel = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'bellhop' })

async function models(c: Context, { status, embed }: OpenAiApiOptions): Promise<Response> {
  const names = [...modelsOf(await status()), ...(embed ? [embed.model] : [])]
  return c.json({ object: 'list', data: names.map(toModel) })
}

async function oneModel(c: Context, { status, embed }: OpenAiApiOptions): Promise<Response> {
  const wanted = c.req.param('model') ?? ''
  if (wanted === embed?.model) return c.json(toModel(wanted))
  return c.json(toModel(await knownModel(wanted, status)))
}

export async function knownModel(wanted: string, status: OpenAiApiOptions['status']): Promise<string> {
  const names = modelsOf(await status())
  if (names.includes(wanted)) return wanted
  const sentence = `there is no model "${wanted.slice(0, 100)}" here: ask ${names.map(name => `"${name}"`).join(', ')}`
  throw problem(404, sentence, { param: 'model', code: 'model_not_found' })
}

async function complete(c: Context, options: OpenAiApiOptions): Promise<Response> {
  const asked = check(completionRequest, await readBody(c))
  await knownModel(asked.model, options.status)
  const turn = await openTurn(c, async () => toProgramQuestion(c, asked), options)
  return asked.stream ? streamTurn(c, turn, asked, options) : answerWhole(c, turn, asked, options)
}

async function answerWhole(
  c: Context,
  turn: ProgramTurn,
  asked: CompletionRequest,
  options: OpenAiApiOptions,
): Promise<Response> {
  const tools = createToolRecords()
  const leaving = withdrawWhenGone(c, turn, options)
  try {
    for await (const { step } of turn.steps) {
      tools.add(step)
      if (step.type !== 'end') continue
      const why = whyNot(step)
      if (why) throw problem(...why)
      return c.json(openCompletion(asked.model, sessionTold(turn)).whole(step, tools.list()))
    }
  } finally {
    leaving.stop()
    turn.close()
  }
  throw problem(...turn.whyNoEnd())
}

const sessionTold = ({ session }: ProgramTurn) => (session.startsWith('once-') ? undefined : session)

/** A turn that ended without an answer, as a refusal. */
export function whyNot({
  how,
  problem: sentence = 'the turn failed',
}: TurnEnd): [429 | 502, string, { code: string }] | undefined {
  if (how === 'used-up') return [429, sentence, { code: 'insufficient_quota' }]
  return how === 'failed' ? [502, sentence, { code: 'no_good_answer' }] : undefined
}

function streamTurn(c: Context, turn: ProgramTurn, asked: CompletionRequest, options: OpenAiApiOptions): Response {
  const leaving = withdrawWhenGone(c, turn, options)
  const close = () => {
    leaving.stop()
    turn.close()
  }
  return stream(c, options, opened => sendTurn(opened, turn, asked), close)
}

async function sendTurn(opened: SSEStreamingApi, turn: ProgramTurn, asked: CompletionRequest) {
  const shape = openCompletion(asked.model, sessionTold(turn))
  const send = (data: object, id?: string) => opened.writeSSE({ data: JSON.stringify(data), ...(id !== undefined && { id }) })
  await send(shape.opening())
  for await (const { id, step } of turn.steps) {
    if (step.type !== 'text' && step.type !== 'end') await opened.write(`: ${commentOf(step)}\n`)
    const piece = shape.piece(step)
    if (piece) await send(piece, id)
    if (step.type !== 'end') continue
    const why = whyNot(step)
    if (why) return send(openAiRefusal(...why))
    for (const last of shape.ending(step, asked.stream_options?.include_usage === true)) await send(last, id)
    return opened.writeSSE({ data: '[DONE]' })
  }
  await send(openAiRefusal(...turn.whyNoEnd()))
}

/** For eyes that read the stream as it is; one line. */
function commentOf(step: { type: string; name?: string; id: string; state?: string; message?: string }): string {
  const words = [step.type, step.name ?? step.id, step.state, step.message]
  return words
    .filter(word => word !== undefined)
    .join(' ')
    .replace(/\s+/g, ' ')
    .slice(0, 200)
}

async function embed(c: Context, { embed: embedder, closing }: OpenAiApiOptions): Promise<Response> {
  const { model, input, encoding_format: format } = check(embeddingRequest, await readBody(c))
  const none = 'no model makes vectors here: the operator has to set EMBEDDING_MODEL'
  if (!embedder) throw problem(404, none, { param: 'model', code: 'model_not_found' })
  if (model !== undefined && model !== embedder.model && model !== ownName) {
    const sentence = `there is no model "${model.slice(0, 100)}" that makes vectors here: ask "${embedder.model}"`
    throw problem(404, sentence, { param: 'model', code: 'model_not_found' })
  }
  const texts = [input].flat()
  const vectors = await embedder.vectorsOf(texts, AbortSignal.any([c.req.raw.signal, closing])).catch((error: unknown) => {
    throw problem(502, reason(error), { code: 'no_good_answer' })
  })
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: format === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector,
  }))
  // The endpoint's count does not come this far: about four characters are a token.
  const tokens = Math.ceil(texts.reduce((sum, text) => sum + text.length, 0) / 4)
  return c.json({
    object: 'list',
    model: embedder.model,
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    bellhop: { usage_estimated: true },
  })
}
