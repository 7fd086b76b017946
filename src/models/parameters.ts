import type { Tool } from '../model.ts'
import { isObject } from './arguments.ts'
import type { Findings } from './findings.ts'
import { ideasIn, wordsOf } from './words.ts'

/** What kind of thing a parameter wants, as far as its name and schema tell. */
export type Kind =
  | 'url'
  | 'handle'
  | 'sql'
  | 'table'
  | 'id'
  | 'path'
  | 'place'
  | 'topic'
  | 'choice'
  | 'number'
  | 'flag'
  | 'text'
  | 'other'

export interface Parameter {
  name: string
  kind: Kind
  required: boolean
  choices: unknown[]
  type: string
}

export function parametersOf(tool: Tool): Parameter[] {
  const properties = isObject(tool.inputSchema['properties']) ? tool.inputSchema['properties'] : {}
  const required = Array.isArray(tool.inputSchema['required']) ? tool.inputSchema['required'] : []
  return Object.entries(properties).map(([name, schema]) => {
    const known = isObject(schema) ? schema : {}
    const type = typeof known['type'] === 'string' ? known['type'] : 'string'
    const choices = Array.isArray(known['enum']) ? known['enum'] : []
    return { name, type, choices, required: required.includes(name), kind: kindOf(name, known, type, choices, tool) }
  })
}

const byName: [RegExp, Kind][] = [
  [/^(?:.*_)?(?:url|uri|link)s?$/i, 'url'],
  [/^(?:screen_?name|user_?name|handle|account|user)$/i, 'handle'],
  [/^(?:table|table_?name)$/i, 'table'],
  [/^(?:.*_)?id$|[a-z]Id$/, 'id'],
  [/^(?:.*_)?(?:path|file|filename|folder|directory|dir)$/i, 'path'],
  [/^(?:country|city|location|place|region)$/i, 'place'],
  [/^(?:query|q|keywords?|topic|search|search_?term|term)$/i, 'topic'],
]

function kindOf(name: string, schema: Record<string, unknown>, type: string, choices: unknown[], tool: Tool): Kind {
  if (choices.length > 0) return 'choice'
  if (type === 'number' || type === 'integer') return /(?:^|_)id$/i.test(name) ? 'id' : 'number'
  if (type === 'boolean') return 'flag'
  if (type !== 'string') return 'other'
  if (schema['format'] === 'uri') return 'url'
  if (/^(?:query|sql|statement)$/i.test(name) && speaksSql(tool, schema)) return 'sql'
  return byName.find(([pattern]) => pattern.test(name))?.[1] ?? 'text'
}

function speaksSql(tool: Tool, schema: Record<string, unknown>): boolean {
  return /\bsql|sqlite|\bselect\b|postgres|mysql/i.test(
    `${tool.name.replaceAll('_', ' ')} ${tool.description} ${schema['description'] ?? ''}`,
  )
}

/** The value of a parameter if it is plain to see in the sentence. */
export function valueFor(parameter: Parameter, found: Findings): unknown {
  const { kind, choices } = parameter
  if (kind === 'choice') return choices.find(choice => saysChoice(String(choice), found))
  if (kind === 'number') return found.numbers.map(Number).find(one => parameter.type === 'number' || Number.isInteger(one))
  const text = textFor(kind, found)
  return text !== undefined && parameter.type !== 'string' ? Number(text) : text
}

/** What of this kind is plain to see. */
export function textFor(kind: Kind, found: Findings): string | undefined {
  if (kind === 'url') return found.urls[0]
  if (kind === 'handle') return found.handles[0] ?? found.urls.map(handleIn).find(one => one !== undefined)
  if (kind === 'sql') return found.sql?.text
  if (kind === 'table') return found.table
  if (kind === 'id') return found.numbers.find(one => /^\d+$/.test(one)) ?? found.urls.map(idIn).find(one => one !== undefined)
  if (kind === 'path') return found.paths[0] ?? found.quoted[0]
  if (kind === 'place') return found.quoted[0] ?? found.place
  if (kind === 'topic') return found.quoted[0] ?? found.topic
  return kind === 'text' ? found.quoted[0] : undefined
}

const handleIn = (url: string) => /^https?:\/\/(?:www\.)?(?:x|twitter)\.com\/([A-Za-z0-9_]+)/.exec(url)?.[1]
export const idIn = (url: string) => /\/(\d{5,})(?:[/?#]|$)/.exec(url)?.[1]

function saysChoice(choice: string, found: Findings): boolean {
  const words = wordsOf(choice)
  const said = ideasIn(found.words)
  return words.length > 0 && [...ideasIn(choice)].every(idea => said.has(idea))
}
