import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { ToolCall } from '../model.ts'

// Some models want to read again what they thought when they called a tool: DeepSeek and Kimi as `reasoning_content` of the message, Gemini as a
// signature beside the call. Nobody else needs it, so it is kept in no transcript but here, as long as the process lives.

/** What an endpoint sent along with calls. */
export interface Beside {
  calls: ToolCall[]
  thoughts: string
  /** Of a call, by its id. */
  extras: Map<string, unknown>
}

export interface Echoes {
  remember(beside: Beside): void
  /** Gives back what belongs to the calls of the request. */
  add(request: ChatCompletionCreateParamsStreaming, takes: Wanted): void
}

/** What the endpoint has asked for: by default nobody is sent thoughts, which older models refuse. */
export interface Wanted {
  thoughts: boolean
  /** Also of calls whose own were lost with another process. */
  signatures: boolean
}

/** Enough for the turns that run side by side. */
const mostKept = 500
/** What Gemini takes in place of a signature that was lost, by its documentation on thought signatures. */
const anySignature = { google: { thought_signature: 'skip_thought_signature_validator' } }

export function createEchoes(): Echoes {
  const kept = new Map<string, { thoughts: string; extra: unknown }>()
  return {
    remember({ calls, thoughts, extras }) {
      if (thoughts === '' && extras.size === 0) return
      for (const [at, { id }] of calls.entries()) kept.set(id, { thoughts: at === 0 ? thoughts : '', extra: extras.get(id) })
      for (const id of [...kept.keys()].slice(0, Math.max(0, kept.size - mostKept))) kept.delete(id)
    },
    add({ messages }, wanted) {
      for (const message of messages) {
        if (message.role !== 'assistant') continue
        const calls = message.tool_calls ?? []
        for (const [at, call] of calls.entries()) {
          const extra = kept.get(call.id)?.extra ?? (wanted.signatures && at === 0 ? anySignature : undefined)
          if (extra !== undefined) Object.assign(call, { extra_content: extra })
        }
        if (wanted.thoughts) Object.assign(message, { reasoning_content: kept.get(calls[0]?.id ?? '')?.thoughts ?? '' })
      }
    },
  }
}
