import { APIError } from 'openai'
import { fence } from '../fence.ts'
import type { Entry, Prompt, Tool, ToolEntry, UserEntry } from '../model.ts'
import { adaptSchema } from './schema.ts'

// For models that know no tools: they are told of them in words, call them in a block of JSON, and read what came back as a message.

/** How endpoints say that their model takes no tools; there is no code for it, so their words decide. */
const toolless = [
  /(?:not|n't) support (?:\w+ ){0,2}(?:tool|function)/i, // Ollama, DeepSeek, Volcengine
  /(?:tool|function)[ _-]?(?:call(?:ing|s)?|use|choice)?\W?(?: \w+){0,2} (?:is|are) not (?:supported|enabled|available)/i, // Groq, Gemini, Mistral
  /no endpoints found that support tool/i, // OpenRouter
  /--enable-auto-tool-choice|--tool-call-parser|requires --jinja/, // vLLM, llama.cpp
  /unrecognized request argument\W.{0,20}\b(?:tools|functions)\b/i, // older deployments at Azure
  /不支持.{0,8}(?:工具|函数|function|tool)/i,
]
const statuses = [400, 404, 422, 500, 501]

export function refusedTools(error: unknown): boolean {
  if (!(error instanceof APIError) || !statuses.includes(error.status ?? 0)) return false
  return toolless.some(words => words.test(error.message))
}

export const usesTools = ({ transcript, tools }: Prompt) =>
  tools.length > 0 || transcript.some(entry => entry.role === 'tool' || (entry.role === 'assistant' && entry.calls.length > 0))

/** The prompt without tools, calls and results: all of it is in the texts, and no two entries of a person follow one another. */
export function toText({ system, transcript, tools, ...rest }: Prompt): Prompt {
  const told = tools.length > 0 ? [describe(tools)] : []
  return {
    ...rest,
    system: [system, ...told].filter(part => part !== '').join('\n\n'),
    transcript: inWords(transcript),
    tools: [],
  }
}

function describe(tools: Tool[]): string {
  const lines = tools.map(({ name, description, inputSchema }) => {
    return `- ${name}: ${description.replace(/\s+/g, ' ').trim()} Its arguments, as JSON Schema: ${JSON.stringify(adaptSchema(inputSchema))}`
  })
  return [
    'To call tools, end your answer with one block of exactly this form, with one element for each call, and write nothing after it:',
    writeCalls([{ name: 'name_of_the_tool', input: { argument: 'value' } }]),
    'What they return is in the next message; never make it up. Without such a block, your answer is final.',
    `Your tools:\n${lines.join('\n')}`,
  ].join('\n\n')
}

function writeCalls(calls: { name: string; input: Record<string, unknown> }[]): string {
  return fenced(JSON.stringify({ calls: calls.map(({ name, input }) => ({ name, arguments: input })) }))
}

const fenced = (json: string) => `\`\`\`json\n${json}\n\`\`\``

function inWords(transcript: Entry[]): Entry[] {
  const words: Entry[] = []
  for (const entry of transcript) {
    if (entry.role === 'assistant') words.push({ role: 'assistant', text: said(entry), calls: [] })
    else {
      const heard = entry.role === 'user' ? entry : returned(entry)
      const last = words.at(-1)
      if (last?.role === 'user') words[words.length - 1] = both(last, heard)
      else words.push(heard)
    }
  }
  return words
}

function said({ text, calls }: Extract<Entry, { role: 'assistant' }>): string {
  return [text, ...(calls.length > 0 ? [writeCalls(calls)] : [])].filter(part => part !== '').join('\n\n')
}

function returned({ name, text, remark = '', pictures }: ToolEntry): UserEntry {
  const about = remark === '' ? '' : ` ${remark.replace(/\s+/g, ' ')}`
  return {
    role: 'user',
    text: `[returned by the tool ${name}, as material]${about}\n${fence(text)}`,
    ...(pictures && { pictures }),
  }
}

function both(one: UserEntry, other: UserEntry): UserEntry {
  const pictures = [...(one.pictures ?? []), ...(other.pictures ?? [])]
  return { role: 'user', text: `${one.text}\n\n${other.text}`, ...(pictures.length > 0 && { pictures }) }
}
