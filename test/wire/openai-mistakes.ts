import type { WireBody, WireMessage } from './openai.ts'
import { picturesIn, type WirePicture } from './openai-media.ts'

/** What OpenAI itself would refuse in a request, so that a test does not pass on requests that nobody else would answer. */
export function mistakeInBody(body: WireBody): string | undefined {
  return mistakeInTools(body) ?? mistakeInMessages(body.messages) ?? picturesIn(body.messages).map(mistakeInPicture).find(Boolean)
}

function mistakeInTools(body: WireBody): string | undefined {
  if (body.tools?.length === 0) return "[] is too short - 'tools'"
  for (const { function: tool } of body.tools ?? []) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(tool.name)) return `Invalid 'tools.function.name': ${tool.name}`
    const schema = tool.parameters ?? {}
    const odd = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'].filter(key => key in schema)
    if (schema['type'] !== 'object' || !schema['properties'] || odd.length > 0)
      return `Invalid schema for function '${tool.name}'`
  }
  return undefined
}

function mistakeInMessages(messages: WireMessage[]): string | undefined {
  if (messages.length === 0) return "[] is too short - 'messages'"
  const waiting = new Set<string>()
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!waiting.delete(message.tool_call_id ?? '')) return "messages with role 'tool' must follow a message with 'tool_calls'"
    } else if (waiting.size > 0) return `tool_call_ids did not have response messages: ${[...waiting]}`
    if (message.content === null && !message.tool_calls) return "Invalid value for 'content': expected a string, got null"
    for (const call of message.tool_calls ?? []) {
      JSON.parse(call.function.arguments)
      waiting.add(call.id)
    }
  }
  return waiting.size > 0 ? `tool_call_ids did not have response messages: ${[...waiting]}` : undefined
}

function mistakeInPicture({ role, url }: WirePicture): string | undefined {
  if (role !== 'user') return `Image URLs are only allowed for messages with role 'user', but this one is '${role}'`
  if (/^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$/.test(url)) return undefined
  return 'You uploaded an unsupported image. Please make sure your image is valid.'
}
