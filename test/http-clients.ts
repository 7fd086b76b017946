import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { program, start } from './wire/mcp/start.ts'

/** What a client made of one turn. */
export interface Heard {
  text: string
  finish: string | undefined
  /** Tokens. */
  input: number | undefined
  output: number | undefined
  /** Those that it took to be its own to run. */
  calls: number
}

/** Asks the house at this address; `tell` is called with whatever arrives, one line of JSON each, or as `curl` printed it. */
export type Ask = (url: string, tell: (line: string) => void) => Promise<Heard>

export const question = 'Which tables are there, and is the work done?'

/** Two servers, whose tools anybody may call; by `closeAll`. */
export function twoServers() {
  const permitted = { permissions: { '*': 'allow' as const } }
  const env = { DB_PATH: join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'hotel.db') }
  return start(
    program('sqlite', [`${import.meta.dirname}/../servers/sqlite/sqlite.ts`], permitted, env),
    program('demo', [`${import.meta.dirname}/wire/demo-server.ts`], permitted),
  )
}

/** What a model says to have a tool of each of the two run at once. */
export const twoCalls = {
  text: 'I look.',
  calls: [
    { name: 'sqlite__list_tables', input: {} },
    { name: 'demo__long_work', input: { seconds: 0.5 } },
  ],
}

export const aiModel = (url: string) =>
  createOpenAICompatible({ name: 'bellhop', baseURL: `${url}/v1`, includeUsage: true })('bellhop')

const aiWhole: Ask = async (url, tell) => {
  const { text, finishReason, usage, toolCalls, response } = await generateText({ model: aiModel(url), prompt: question })
  tell(JSON.stringify(response.messages))
  return { text, finish: finishReason, input: usage.inputTokens, output: usage.outputTokens, calls: toolCalls.length }
}

const aiStream: Ask = async (url, tell) => {
  const result = streamText({ model: aiModel(url), prompt: question })
  for await (const { type, ...part } of result.stream) tell(JSON.stringify({ type, ...('text' in part && { text: part.text }) }))
  const { inputTokens: input, outputTokens: output } = await result.usage
  const calls = (await result.toolCalls).length
  return { text: await result.text, finish: await result.finishReason, input, output, calls }
}

const asks = { model: 'bellhop', messages: [{ role: 'user' as const, content: question }] }
const streamed = { ...asks, stream: true as const, stream_options: { include_usage: true } }
const completionsAt = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' }).chat.completions

function heardIn({ choices: [choice], usage }: OpenAI.ChatCompletion): Heard {
  const { content, tool_calls = [] } = choice?.message ?? {}
  const tokens = { input: usage?.prompt_tokens, output: usage?.completion_tokens }
  return { text: content ?? '', finish: choice?.finish_reason, ...tokens, calls: tool_calls.length }
}

const openaiWhole: Ask = async (url, tell) => {
  const completion = await completionsAt(url).create(asks)
  tell(JSON.stringify(completion))
  return heardIn(completion)
}

const openaiStream: Ask = async (url, tell) => {
  const stream = completionsAt(url).stream(streamed)
  stream.on('chunk', chunk => tell(JSON.stringify(chunk)))
  return heardIn(await stream.finalChatCompletion())
}

async function curl(args: string[], tell: (line: string) => void): Promise<string> {
  const child = spawn('curl', ['-sS', '-H', 'content-type: application/json', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    tell(piece)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`curl ended with ${code}`)
  return text
}

const curlWhole: Ask = async (url, tell) =>
  heardIn(JSON.parse(await curl([`${url}/v1/chat/completions`, '-d', JSON.stringify(asks)], tell)))

const curlStream: Ask = async (url, tell) => {
  const text = await curl(['-N', `${url}/v1/chat/completions`, '-d', JSON.stringify(streamed)], tell)
  const lines = text.split('\n').flatMap(line => /^data: (.*)$/.exec(line)?.[1] ?? [])
  if (lines.pop() !== '[DONE]') throw new Error('the stream did not end with [DONE]')
  const chunks: OpenAI.ChatCompletionChunk[] = lines.map(line => JSON.parse(line))
  const choices = chunks.flatMap(chunk => chunk.choices)
  const usage = chunks.at(-1)?.usage
  return {
    text: choices.map(({ delta }) => delta.content ?? '').join(''),
    finish: choices.at(-1)?.finish_reason ?? undefined,
    input: usage?.prompt_tokens,
    output: usage?.completion_tokens,
    calls: choices.flatMap(({ delta }) => delta.tool_calls ?? []).length,
  }
}

/** By what they are called; `streams` is of those that hear of an answer while it grows. */
export const clients: { name: string; streams: boolean; ask: Ask }[] = [
  { name: 'generateText of ai', streams: false, ask: aiWhole },
  { name: 'streamText of ai', streams: true, ask: aiStream },
  { name: 'the openai library', streams: false, ask: openaiWhole },
  { name: 'the openai library, streaming with include_usage', streams: true, ask: openaiStream },
  { name: 'curl', streams: false, ask: curlWhole },
  { name: 'curl -N', streams: true, ask: curlStream },
]
