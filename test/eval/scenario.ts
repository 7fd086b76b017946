import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Message } from '../../src/message.ts'

export interface Scenario {
  /** The file that it stands in. */
  category: string
  /** What tells it from others of the same text. */
  about?: string
  text: string
  /** What else is known of the message: its author, what it quotes, … */
  message?: Partial<Message>
  /** Names of tools of tools.json, or of whole servers; absent: all. */
  tools?: string[]
  /** So many tools of other servers beside them. */
  more?: number
  /** How servers say that they are to be used. */
  instructions?: Record<string, string>
  /** What tools say of themselves in place of what tools.json has. */
  descriptions?: Record<string, string>
  /** What is attached to the message, by name. */
  files?: Record<string, string>
  /** A skill in the operator's own folder: its SKILL.md. */
  skill?: { name: string; file: string }
  /** What tools return here in place of what tools.json has. */
  returns?: Record<string, Said>
  /** What a model says, step by step. */
  script: Line[]
  /** The offline model plays it as well. */
  offline?: true
  /** Calls that must be made, in this order among others; those of one group in one step. */
  calls: Group[]
  /** Names of tools that must not have run. */
  never?: string[]
  /** Patterns that the answer must match. */
  facts?: string[]
  /** Patterns that the line below it must match, whatever the model says. */
  footer?: string[]
  /** Patterns that nothing of the reply may match. */
  lacks?: string[]
}

/**
 * What a tool returns: a text, or several for its first calls and those after. What begins with `!` is a failure, `!timed-out!` one of which the
 * host knows more than its text.
 */
type Said = string | string[] | Long

/** A text of so many lines; `#` stands for the number of each, and `except` holds those that are others. */
interface Long {
  lines: number
  line: string
  except?: Record<string, string>
  /** The lines are items of a list in JSON. */
  json?: true
}

/**
 * What the scripted model says in one step: words, or calls by name that are made side by side (`name#2` is called once more; `!name` even where
 * no such tool is offered). Within both, `<<pattern>>` is what the model reads by it in what it was sent: in the newest result that has it, or,
 * as `<<system:…>>` and `<<tools:…>>`, there. What it cannot read it says, and ends.
 */
export type Line = string | Record<string, unknown>

/** Arguments that a call must have at least, by the tool's name; a text between slashes is a pattern. */
type Group = Record<string, Record<string, unknown>>

export interface Definition {
  name: string
  description: string
  /** What each argument is about, or its schema. */
  takes: Record<string, string | object>
  /** Absent: all of them. */
  needs?: string[]
  says: string
}

const read = <T>(file: string): T => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as T

export const definitions = read<Definition[]>('tools.json')

/** All of them, or those of one category. */
export function scenarios(only?: string): Scenario[] {
  const files = globSync('scenarios/*.json', { cwd: import.meta.dirname }).sort()
  const all = files.flatMap(file => read<Scenario[]>(file).map(one => ({ ...one, category: basename(file, '.json') })))
  return only === undefined ? all : all.filter(({ category }) => category === only)
}

export const isChinese = ({ text }: Pick<Scenario, 'text'>) => /\p{Script=Han}/u.test(text)

export const nameOf = ({ text, about }: Pick<Scenario, 'text' | 'about'>) => (about === undefined ? text : `${text} (${about})`)

/** What it returns at this call, counted from 0. */
export function saidAt(said: Said, call: number): string {
  if (Array.isArray(said)) return said[Math.min(call, said.length - 1)] ?? ''
  if (typeof said === 'string') return said
  const { lines, line, except = {}, json } = said
  const all = Array.from({ length: lines }, (_, at) => except[at + 1] ?? line.replaceAll('#', String(at + 1)))
  return json ? JSON.stringify({ items: all.map(text => ({ text })) }) : all.join('\n')
}
