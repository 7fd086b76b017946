import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import type { TurnEnd } from '../../src/adapter.ts'
import { check } from './check.ts'
import { whyNot } from './openai-api.ts'
import { refusal } from './problem.ts'
import { readBody } from './question.ts'
import type { Route } from './route.ts'
import type { TalkOptions } from './talk.ts'
import { openTurn, type TurnStep, withdrawWhenGone } from './turn.ts'

/** The body of `POST /agent`. */
const agentRequest = z.looseObject({
  task: z
    .string({ error: 'must be a text' })
    .max(100_000, 'must have at most 100000 characters')
    .regex(/\S/, 'is empty: it must say what is to be done'),
})

/** One task, done on its own, with the whole record of how. */
export function agentRoutes(options: TalkOptions): Route[] {
  const handle = (c: Context) => runTask(c, options)
  const about = '{task} → {original_task, stages, final_gpt_processed_result, redis_log}: the whole record of a run'
  return [
    { method: 'POST', body: agentRequest, path: '/agent', about, handle },
    { method: 'POST', body: agentRequest, path: '/gpt_agent', about: 'the same as /agent', handle },
  ]
}

interface Stage {
  name: 'parse' | 'call' | 'follow_up_call' | 'final_processing' | 'direct_answer'
  status: string
  [fact: string]: unknown
}

async function runTask(c: Context, options: TalkOptions): Promise<Response> {
  const { task } = check(agentRequest, await readBody(c))
  const terms = { past: [], keeps: 'nothing' as const }
  const ask = async () => ({ session: `once-${randomUUID()}`, text: task, attachments: [], terms })
  const turn = await openTurn(c, ask, options)
  const leaving = withdrawWhenGone(c, turn, options)
  const log: ({ at: string } & TurnStep)[] = []
  try {
    for await (const { id, step } of turn.steps) {
      log.push({ at: id.split('.')[2] ?? '', ...step })
      if (step.type === 'end') return tell(c, task, log, step)
    }
  } finally {
    leaving.stop()
    turn.close()
  }
  const [status, sentence] = turn.whyNoEnd()
  return c.json({ ...refusal(status, sentence), ...recordOf(task, log) }, status)
}

function tell(c: Context, task: string, log: TurnStep[], end: TurnEnd): Response {
  const why = whyNot(end)
  const record = recordOf(task, log, end)
  return why ? c.json({ ...refusal(...why), ...record }, why[0]) : c.json(record)
}

/** `redis_log` is what was kept of the run while it went on, in order, with its place in the feed. */
function recordOf(task: string, log: TurnStep[], end?: TurnEnd) {
  return {
    original_task: task,
    stages: stagesOf(log, end),
    final_gpt_processed_result: end?.text ?? '',
    redis_log: log.filter(({ type }) => type !== 'text'),
  }
}

/** What was called before anything had come back was called at once; the rest follows from what came. */
function stagesOf(log: TurnStep[], end: TurnEnd | undefined): Stage[] {
  const stages: Stage[] = []
  const byId = new Map<string, Stage>()
  let hasResult = false
  for (const step of log) {
    if (step.type === 'call') {
      const { type: _, id, name: tool, label, input } = step
      const stage: Stage = { name: hasResult ? 'follow_up_call' : 'call', status: 'running', id, tool, label, input }
      byId.set(id, stage)
      stages.push(stage)
    }
    if (step.type !== 'result') continue
    hasResult = true
    const { type: _, id, name: __, state, ok, text: result, ...facts } = step
    Object.assign(byId.get(id) ?? {}, { status: state ?? (ok ? 'ok' : 'failed'), result, ...facts })
  }
  const first = stages.filter(({ name }) => name === 'call').map(({ tool }) => tool)
  const last = { status: end?.how ?? 'running', ...(end?.problem !== undefined && { problem: end.problem }), ...told(end) }
  const final: Stage = { name: stages.length > 0 ? 'final_processing' : 'direct_answer', ...last }
  return [{ name: 'parse', status: 'ok', tools: first }, ...stages, final]
}

const told = (end: TurnEnd | undefined) => ({
  ...(end && { usage: end.usage }),
  ...(end?.model !== undefined && { model: end.model }),
})
