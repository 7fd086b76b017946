import type { ContentBlock } from '@modelcontextprotocol/client'
import type { Words } from '../i18n/i18n.ts'
import type { Entry, Model } from '../model.ts'
import { mendBlock } from './blocks.ts'
import type { Sample } from './calls.ts'
import { tidy } from './clean.ts'
import { isRecord } from './mend.ts'
import { pictureIn } from './prompts.ts'
import { showResult } from './result.ts'

// A server lets the house's model think for it ("Sampling"): at the operator's cost, and as a rule only when the person agrees.

export interface SamplingOptions {
  model: Model
  /** What the server is told that it is called. */
  name: string
  /** The house's language: which person's approval it will be is not known here. */
  words: Words
}

/** As in elicitation: people answer in minutes. */
const waitMs = 15 * 60_000
const mostMessages = 50
const mostChars = 50_000
/** What is more, nobody reads before he agrees. */
const mostShown = 1500

/** Answers what servers ask the model; tools and the context of other servers are never part of it. */
export function createSampling({ model, name, words }: SamplingOptions): Sample {
  return async (params, { server, trusted, key, ask, signal }) => {
    const { system, transcript, maxTokens } = read(params)
    if (!trusted) {
      if (!ask) throw new Error('the server wants to ask the model, and nobody can be asked whether it may')
      const detail = tidy(showTranscript(system, transcript), mostShown)
      const draft = { key, kind: 'approve' as const, from: server, text: words.askSample, detail, fields: [], waitMs }
      const { how } = await ask(draft)
      if (how !== 'yes') throw new Error('the person did not let the server ask the model')
    }
    let text = ''
    for await (const event of model({ system, transcript, tools: [], maxTokens }, signal)) {
      if (event.type === 'text') text += event.delta
    }
    signal.throwIfAborted()
    return { role: 'assistant', content: { type: 'text', text }, model: name, stopReason: 'endTurn' }
  }
}

interface Wanted {
  system: string
  transcript: Entry[]
  maxTokens: number
}

/** Throws a sentence when it is nothing that the model can be asked. */
function read(params: unknown): Wanted {
  const { messages, systemPrompt, maxTokens, tools } = isRecord(params) ? (params as Record<string, unknown>) : {}
  if (!Array.isArray(messages) || messages.length === 0) throw new Error('the server asks the model nothing')
  if (Array.isArray(tools) && tools.length > 0) throw new Error('the server wants to give the model tools, which it may not here')
  const transcript = messages.filter(isRecord).map(toEntry)
  const system = typeof systemPrompt === 'string' ? tidy(systemPrompt, mostChars) : ''
  const chars = transcript.reduce((sum, { text }) => sum + text.length, system.length)
  if (transcript.length > mostMessages || chars > mostChars) throw new Error('the server asks the model too much at once')
  const most = Number.isSafeInteger(maxTokens) && Number(maxTokens) > 0 ? Number(maxTokens) : undefined
  if (most === undefined) throw new Error('the server does not say how long the answer may be')
  return { system, transcript, maxTokens: most }
}

function toEntry({ role, content }: Record<string, unknown>): Entry {
  const blocks = (Array.isArray(content) ? content : [content]).map(block => mendBlock(block, () => {}) as ContentBlock)
  const pictures = blocks.flatMap(pictureIn)
  const words = blocks.filter(block => block.type !== 'image')
  const text = words.length > 0 ? showResult({ content: words }).text : ''
  if (role === 'assistant') return { role, text, calls: [] }
  return { role: 'user', text, ...(pictures.length > 0 && { pictures }) }
}

function showTranscript(system: string, transcript: Entry[]): string {
  const lines = transcript.map(entry => {
    const pictures = entry.role === 'user' ? (entry.pictures ?? []).map(() => '[picture]') : []
    return `${entry.role}: ${[entry.text, ...pictures].filter(part => part !== '').join(' ')}`
  })
  return [...(system === '' ? [] : [`system: ${system}`]), ...lines].join('\n')
}
