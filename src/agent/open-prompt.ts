import { Parked } from '../errors.ts'
import type { Words } from '../i18n/i18n.ts'
import { reason } from '../log.ts'
import type { Entry } from '../model.ts'
import type { PromptInfo, Prompts } from '../toolbox.ts'
import type { AgentEvent } from './events.ts'
import { drain } from './merge.ts'
import type { AskPerson, DoneBefore } from './run-tools.ts'

export interface OpenPromptOptions {
  prompts: Prompts | undefined
  words: Words
  signal: AbortSignal
  /** Of this turn and no other; the same in every attempt. */
  callId: string
  before: DoneBefore
  ask: AskPerson
}

/**
 * What the model is asked by `[server] [name] [key=value …]`; undefined when there is nothing to ask it, and the person has been told what
 * there is or what is missing. Throws Parked, and what aborted the signal.
 */
export async function* openPrompt(argument: string, options: OpenPromptOptions): AsyncGenerator<AgentEvent, Entry[] | undefined> {
  const { prompts, words, signal } = options
  const all = (await prompts?.list(signal)) ?? []
  const { first, second, values } = parted(readPromptWords(argument), all)
  const ofServer = all.filter(({ server }) => server === first)
  const name = second ?? (ofServer.length === 0 ? first : undefined)
  const wanted = second === undefined && name !== undefined ? all : ofServer
  if (name === undefined || all.length === 0) return yield* say(list(ofServer.length > 0 ? ofServer : all, words))
  const found = wanted.filter(one => one.name === name)
  const [prompt] = found
  if (!prompts || !prompt) return yield* say(words.noSuchPrompt(name, named(wanted.length > 0 ? wanted : all)))
  if (found.length > 1) return yield* say(list(found, words))
  const missing = prompt.arguments.filter(one => one.required && values[one.name] === undefined)
  if (missing.length > 0) return yield* say(words.promptWants(name, missing.map(wish).join(', ')))
  try {
    return ending(yield* get(prompts, prompt, values, options))
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Parked) throw error
    return yield* say(words.promptFailed(name, reason(error)))
  }
}

/** A server may want to know something first. */
async function* get(
  prompts: Prompts,
  { server, name }: PromptInfo,
  values: Record<string, string>,
  { signal, callId, before, ask }: OpenPromptOptions,
): AsyncGenerator<AgentEvent, Entry[]> {
  let entries: Entry[] = []
  yield* drain<AgentEvent>(async push => {
    entries = await prompts.get(server, name, values, {
      signal,
      ask: (draft, later) => ask(callId, draft, later, push),
      ...(before.asked.has(callId) && { resume: before.asked.get(callId) }),
    })
  })
  return entries
}

/** A model that was the last to speak has nothing to answer. */
function ending(entries: Entry[]): Entry[] {
  return entries.at(-1)?.role === 'user' ? entries : [...entries, { role: 'user', text: 'Go on.' }]
}

async function* say(text: string): AsyncGenerator<AgentEvent, undefined> {
  yield { type: 'text', delta: text }
  yield { type: 'entry', entry: { role: 'assistant', text, calls: [] } }
}

interface Wanted {
  first?: string
  second?: string
  values: Record<string, string>
}

/** `server.name` means the same as `server name`, as it does with tools; but a prompt's own name may have a dot as well. */
function parted({ first, second, values }: Wanted, all: PromptInfo[]): Wanted {
  const whole = { values, ...(first !== undefined && { first }), ...(second !== undefined && { second }) }
  if (first === undefined || second !== undefined || all.some(({ name }) => name === first)) return whole
  const server = all.find(one => first.startsWith(`${one.server}.`))?.server
  return server === undefined ? whole : { first: server, second: first.slice(server.length + 1), values }
}

/** `key=value`, `key="two words"`; whatever has no `=` is a name. */
export function readPromptWords(argument: string): Wanted {
  const values: Record<string, string> = {}
  const names: string[] = []
  for (const [, key, quoted, bare, name] of argument.matchAll(/([^\s="]+)=(?:["“]([^"”]*)["”]|(\S*))|(\S+)/g)) {
    if (key !== undefined) values[key] = quoted ?? bare ?? ''
    else if (name !== undefined) names.push(name)
  }
  const [first, second] = names
  return { ...(first !== undefined && { first }), ...(second !== undefined && { second }), values }
}

function list(prompts: PromptInfo[], words: Words): string {
  if (prompts.length === 0) return words.noPrompts
  const lines = prompts.map(({ server, name, title, description, arguments: wanted }) => {
    const about = (description ?? title ?? '').replace(/\s+/g, ' ')
    const wishes = wanted.map(one => (one.required ? ` <${one.name}>` : ` [${one.name}]`)).join('')
    return `- \`${server} ${name}${wishes}\` ${about}`.trimEnd()
  })
  return [words.promptsTitle, lines.join('\n')].join('\n\n')
}

const named = (prompts: PromptInfo[]) =>
  prompts
    .slice(0, 10)
    .map(({ server, name }) => `\`${server} ${name}\``)
    .join(', ')

const wish = ({ name, description }: PromptInfo['arguments'][number]) =>
  description === undefined ? `\`${name}\`` : `\`${name}\` (${description})`
