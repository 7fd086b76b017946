import type { AskDraft } from '../ask.ts'
import type { CallOptions } from '../toolbox.ts'
import { toDraft, toElicitResult } from './elicit.ts'
import { isRecord } from './mend.ts'

/** What a server of the newest protocol still wants before it answers; plain JSON, so that another worker can go on with it. */
export interface Round {
  number: number
  inputRequests: Record<string, unknown>
  /** Opaque: echoed as it came. */
  requestState?: string
  /** What is answered so far, by the server's own ids. */
  responses: Record<string, unknown>
  /** The task that wants to know it, and what it was told in earlier rounds. */
  task?: { id: string; told: string[] }
  /** The server asks anew in the same words once all is answered with yes. */
  plain?: true
}

/** What is added to the next attempt at the call. */
export interface Responses {
  inputResponses?: Record<string, unknown>
  requestState?: string
}

export interface RoundsOptions {
  /** The server that asks. */
  from: string
  ask: CallOptions['ask']
  /** Answers what is no question to a person; one that has to be asked first is asked with this key and `later`. */
  answerAlone(request: { method: string; params: unknown }, key: string, later: Round): Promise<unknown>
}

/** A server that asks so often in one call wants something else. */
const mostRounds = 10

/** The answer that a server gives instead of a result ("Multi Round-Trip Requests"); undefined when it is a result. */
export function toRound(result: unknown, before: Round | undefined): Round | undefined {
  if (!isRecord(result) || result['resultType'] !== 'input_required') return undefined
  const { inputRequests, requestState, plain, taskId } = result as Record<string, unknown>
  const number = (before?.number ?? 0) + 1
  if (number > mostRounds) throw new Error(`the server has asked ${mostRounds} times and still wants to know more`)
  return {
    number,
    inputRequests: isRecord(inputRequests) ? inputRequests : {},
    ...(typeof requestState === 'string' && { requestState }),
    responses: {},
    ...(plain === true && { plain }),
    ...(typeof taskId === 'string' && { task: { id: taskId, told: toldBefore(before) } }),
  }
}

function toldBefore(before: Round | undefined): string[] {
  return [...(before?.task?.told ?? []), ...Object.keys(before?.task ? before.inputRequests : {})]
}

/** Hears everything that a round asks. Rejects with Parked, or with what aborted the call. */
export async function answerRound(round: Round, { from, ask, answerAlone }: RoundsOptions): Promise<Responses> {
  const responses = { ...round.responses }
  for (const [id, request] of Object.entries(round.inputRequests)) {
    if (id in responses || !isRecord(request) || typeof request['method'] !== 'string') continue
    const { method, params } = request as { method: string; params: unknown }
    const key = `${round.number} ${id}`
    const draft = method === 'elicitation/create' ? toDraft(params, from, key) : undefined
    responses[id] = await (draft
      ? askPerson(draft, ask, { ...round, responses })
      : method === 'elicitation/create'
        ? { action: 'cancel' }
        : answerAlone({ method, params }, key, { ...round, responses: { ...responses } }))
  }
  if (round.plain) {
    if (Object.values(responses).every(answer => isRecord(answer) && answer['action'] === 'accept')) return {}
    throw new Error('the person did not visit the page that the server wants to be visited first')
  }
  return { inputResponses: responses, ...(round.requestState !== undefined && { requestState: round.requestState }) }
}

async function askPerson(draft: AskDraft, ask: CallOptions['ask'], later: Round): Promise<unknown> {
  return ask ? toElicitResult(await ask(draft, later), draft) : { action: 'cancel' }
}

/** Of an earlier attempt; undefined when it is none of ours. */
export function isRound(value: unknown): value is Round {
  return (
    isRecord(value) && isRecord(value['inputRequests']) && isRecord(value['responses']) && typeof value['number'] === 'number'
  )
}
