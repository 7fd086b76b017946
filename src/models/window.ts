import { APIError } from 'openai'
import { isObject } from './arguments.ts'
import { Fault } from './fault.ts'

// What endpoints say when a conversation is longer than their model reads. There is a code for it at OpenAI alone; elsewhere their words decide.

/** In tokens; absent: it was not told. */
export interface Overflow {
  limit?: number
  counted?: number
}

const wordings = [
  /context.?(?:length|window|size|limit)/i, // OpenAI, Azure, vLLM, OpenRouter, Groq, llama.cpp, LM Studio, Ollama, Together
  /maximum (?:context|prompt|model) length|longer than the maximum/i, // vLLM, Mistral, xAI
  /(?:prompt|input|request|message)s? (?:is |are |was )?too (?:long|large)/i, // Anthropic, Groq, OpenAI by the minute
  /too many (?:input )?tokens|exceed\w* .{0,40}\btokens?\b|token count .{0,30}exceed/i, // Gemini, Moonshot, Cohere
  /range of input length|inputs?.? tokens \+/i, // DashScope, TGI
  /(?:prompt|输入|上下文|内容).{0,12}(?:超长|过长|超过|超出)|(?:超长|过长).{0,12}(?:prompt|输入|上下文)/i, // Zhipu, DashScope, Volcengine
]

/** Before or behind these words stands the limit. */
const limits = [
  /(?:maximum (?:context |prompt |model )?length|context (?:length|window|size|limit))(?: of the model)?(?: is|:| of| \()? ?(?:only )?(\d+)/i,
  /(\d+) (?:tokens? )?maximum|> (\d+)|allowed \((\d+)\)|token limit:? (\d+)|limit:? (\d+)|length should be \[\d+, ?(\d+)\]|<= (\d+)/i,
  /"n_ctx":(\d+)/,
]

/** Undefined when it was something else that the endpoint did not like. */
export function refusedLength(error: unknown): Overflow | undefined {
  if (!(error instanceof APIError) && !(error instanceof Fault && error.kind === 'error')) return undefined
  const { status, code, message } = error
  if (status === 401 || status === 403 || status === 404) return undefined
  if (status !== 413 && !wordings.some(words => words.test(`${code} ${message}`))) return undefined
  const facts = error instanceof APIError && isObject(error.error) ? JSON.stringify(error.error) : ''
  return readOverflow(`${message} ${facts}`.replace(/(?<=\d)[,_](?=\d{3})/g, ''))
}

function readOverflow(text: string): Overflow {
  const found = limits.map(pattern => pattern.exec(text)?.slice(1).find(Boolean)).find(Boolean)
  if (found === undefined) return {}
  const limit = Number(found)
  const numbers = [...text.matchAll(/\b\d+\b/g)].map(Number)
  const counted = Math.max(...numbers)
  return counted > limit ? { limit, counted } : { limit }
}
