import type { Tool, ToolCall } from '../model.ts'
import type { Toolbox, ToolResult } from '../toolbox.ts'
import type { AgentEvent } from './events.ts'
import { drain } from './merge.ts'

/** Runs the calls of one step side by side. Their results enter the transcript in the order of the calls. Throws what aborted the signal. */
export async function* runTools(
  calls: ToolCall[],
  tools: Tool[],
  toolbox: Toolbox,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent> {
  const results = new Map<ToolCall, ToolResult>()
  for (const call of calls) {
    const label = tools.find(tool => tool.name === call.name)?.label ?? call.name
    yield { type: 'tool-start', callId: call.id, label }
  }
  yield* drain<AgentEvent>(push =>
    Promise.all(
      calls.map(async call => {
        const began = performance.now()
        const result = await runTool(call, toolbox, signal, push)
        results.set(call, result)
        push({
          type: 'tool-end',
          callId: call.id,
          outcome: result.ok ? 'ok' : 'failed',
          ms: Math.round(performance.now() - began),
        })
      }),
    ),
  )
  signal.throwIfAborted()
  for (const call of calls) {
    const { text, ok } = results.get(call) ?? { text: '', ok: false }
    yield { type: 'entry', entry: { role: 'tool', callId: call.id, name: call.name, text, ok } }
  }
}

async function runTool(
  call: ToolCall,
  toolbox: Toolbox,
  signal: AbortSignal,
  push: (event: AgentEvent) => void,
): Promise<ToolResult> {
  if (call.broken !== undefined) {
    return {
      ok: false,
      text: `The arguments of this call are not a JSON object, so it was not run. You wrote: ${call.broken.slice(0, 500)}`,
    }
  }
  return toolbox.call(call.name, call.input, {
    signal,
    onProgress: progress => push({ type: 'tool-progress', callId: call.id, progress }),
  })
}
