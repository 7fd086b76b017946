import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
} from 'openai/resources/chat/completions'
import { fence } from '../fence.ts'
import type { Entry, Picture, Prompt, Tool, ToolEntry } from '../model.ts'
import { adaptSchema } from './schema.ts'

/** What an endpoint takes. */
export interface Abilities {
  usage: boolean
  /** False: the model is told which pictures it does not see. */
  pictures: boolean
  /** False: it is told of them in words, and calls them in words. */
  tools: boolean
  /** By which name it knows the limit of an answer: the older one is understood almost everywhere, the newer one by OpenAI's newest models alone. */
  limit: 'max_tokens' | 'max_completion_tokens'
}

/** The house's prompt in OpenAI's words. `strict` is not set: tools of MCP servers seldom have schemas that are strict enough. */
export function toRequest(prompt: Prompt, model: string, takes: Abilities): ChatCompletionCreateParamsStreaming {
  const messages = takes.pictures ? prompt.transcript.flatMap(toMessages) : prompt.transcript.map(tellPictures).map(toMessage)
  if (prompt.system !== '') messages.unshift({ role: 'system', content: defuse(prompt.system) })
  const request: ChatCompletionCreateParamsStreaming = { ...prompt.parameters, model, messages, stream: true }
  if (takes.usage) request.stream_options = { include_usage: true }
  if (prompt.maxTokens !== undefined) request[takes.limit] = prompt.maxTokens
  if (prompt.tools.length > 0) request.tools = prompt.tools.map(toFunction)
  if (prompt.tools.length > 0 && prompt.choice) request.tool_choice = toChoice(prompt.choice)
  return request
}

function toChoice(choice: NonNullable<Prompt['choice']>): ChatCompletionToolChoiceOption {
  return choice === 'required' ? choice : { type: 'function', function: choice }
}

export const hasPictures = ({ transcript }: Prompt) => transcript.some(entry => picturesOf(entry).length > 0)

const picturesOf = (entry: Entry) => (entry.role === 'assistant' ? [] : (entry.pictures ?? []))

function tellPictures(entry: Entry): Entry {
  const names = picturesOf(entry).map(({ name }) => name)
  if (names.length === 0) return entry
  return { ...entry, text: `${entry.text}\n\n[not seen by you, since you were given no pictures: ${listed(names)}]` }
}

/** A tool's message takes text alone, and nothing may stand between those of one step: their pictures come behind the last, as from the user. */
function toMessages(entry: Entry, at: number, transcript: Entry[]): ChatCompletionMessageParam[] {
  if (entry.role === 'user' && entry.pictures) return [showPictures(entry.text, entry.pictures)]
  const message = toMessage(entry)
  if (entry.role !== 'tool' || transcript[at + 1]?.role === 'tool') return [message]
  const from = transcript.findLastIndex(({ role }, index) => index < at && role !== 'tool') + 1
  const pictures = transcript.slice(from, at + 1).flatMap(picturesOf)
  if (pictures.length === 0) return [message]
  const names = listed(pictures.map(({ name }) => name))
  return [message, showPictures(`[returned by the tools above, as material: ${names}]`, pictures)]
}

/** Whoever named a picture cannot end the line that names it. */
const listed = (names: string[]) => names.join(', ').replaceAll('[', '(').replaceAll(']', ')')

function showPictures(text: string, pictures: Picture[]): ChatCompletionMessageParam {
  const parts = pictures.map(({ mime, data }) => {
    return { type: 'image_url' as const, image_url: { url: `data:${mime};base64,${Buffer.from(data).toString('base64')}` } }
  })
  return { role: 'user', content: [{ type: 'text', text: defuse(text) }, ...parts] }
}

function toMessage(entry: Entry): ChatCompletionMessageParam {
  if (entry.role === 'user') return { role: 'user', content: defuse(entry.text) }
  if (entry.role === 'tool') return { role: 'tool', tool_call_id: entry.callId, content: defuse(materialOf(entry)) }
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

/**
 * Marks by which the templates of open models (ChatML, Llama 2 and 3, Mistral, Gemma, DeepSeek) begin and end what a role says: an endpoint
 * that reads them out of a text would let that text speak as the system.
 */
const roleMarks = /<(?=[|｜][\w▁ ]{1,40}[|｜]>)|<(?=<\/?SYS>>|(?:start|end)_of_turn>)|\[(?=\/?INST\])/g

/** The same to read, and no mark any more. */
const defuse = (text: string) => text.replace(roleMarks, mark => `${mark} `)

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

/** What the house says of a result stands before a fence that nothing in the result can end, so that no tool can speak for the house. */
function materialOf({ text, remark }: ToolEntry): string {
  if (remark === undefined) return text
  return `[${remark.replace(/\s+/g, ' ')}]\n${fence(text)}`
}
