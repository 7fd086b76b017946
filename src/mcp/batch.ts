import { reason } from '../log.ts'
import type { ToolResult } from '../toolbox.ts'
import { createSlots } from './slots.ts'

export interface Batch<Call> {
  /** How many run at once. */
  maxConcurrent: number
  signal: AbortSignal
  run(call: Call, index: number): Promise<ToolResult>
  /** Calls of one lane are made one after another, in their order; those without a lane go as they like. */
  laneOf(call: Call): string | undefined
}

/** Their results in the order of the calls. None is lost over the failure of another; those that the signal came before are not made. */
export async function runBatch<Call>(calls: Call[], { maxConcurrent, signal, run, laneOf }: Batch<Call>): Promise<ToolResult[]> {
  const slots = createSlots(Math.max(1, maxConcurrent))
  const numbered = calls.map((call, index) => ({ call, index }))
  const lanes = Map.groupBy(numbered, ({ call, index }) => laneOf(call) ?? index)
  const results: ToolResult[] = []
  const runOne = async ({ call, index }: (typeof numbered)[number]) => {
    const ran = slots.run(() => run(call, index), signal)
    results[index] = await ran.catch((error: unknown) => ({ ok: false, text: signal.aborted ? notMade : reason(error) }))
  }
  await Promise.all(
    [...lanes.values()].map(async lane => {
      for (const one of lane) await runOne(one)
    }),
  )
  return results
}

const notMade = 'the call was not made: it was cancelled before'
