import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions'
import type { Entry, Prompt, Tool } from '../model.ts'
import { adaptSchema } from './schema.ts'

/** The house's prompt in OpenAI's words. `strict` is not set: tools of MCP servers seldom have schemas that are strict enough. */
export function toRequest(prompt: Prompt, model: string, withUsage: boolean): ChatCompletionCreateParamsStreaming {
  const messages = prompt.transcript.map(toMessage)
  if (prompt.system !== '') messages.unshift({ role: 'system', content: prompt.system })
  const request: ChatCompletionCreateParamsStreaming = { model, messages, stream: true }
  if (withUsage) request.stream_options = { include_usage: true }
  if (prompt.tools.length > 0) request.tools = prompt.tools.map(toFunction)
  return request
}

function toMessage(entry: Entry): ChatCompletionMessageParam {
  if (entry.role === 'user') return { role: 'user', content: entry.text }
  if (entry.role === 'tool') return { role: 'tool', tool_call_id: entry.callId, content: entry.text }
  if (entry.calls.length === 0) return { role: 'assistant', content: entry.text }
  return {
    role: 'assistant',
    content: entry.text || null,
    tool_calls: entry.calls.map(call => ({
      id: call.id,
      type: 'function',
      function: { name: acceptableName(call.name), arguments: JSON.stringify(call.input) },
    })),
  }
}

/** A model may have invented the name; an endpoint refuses the whole transcript for one odd letter in it. */
function acceptableName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'unknown'
}

function toFunction(tool: Tool): ChatCompletionTool {
  return {
    type: 'function',
    function: { name: tool.name, description: tool.description, parameters: adaptSchema(tool.inputSchema) },
  }
}
