import type { Tool } from '../model.ts'
import { type Findings, findIn, type Statement } from './findings.ts'
import { type Parameter, parametersOf, valueFor } from './parameters.ts'
import { ideaOf, ideasIn, wordsOf, writingIdeas } from './words.ts'

export interface Choice {
  tool: Tool
  input: Record<string, unknown>
}

/**
 * The tool that a sentence asks for by its words, with its arguments, or undefined: unless every required argument is plain to
 * see and one tool fits better than all others, nothing is called. A tool that writes is called only on an explicit wish.
 */
export function chooseTool(text: string, tools: Tool[]): Choice | undefined {
  const found = findIn(text)
  const said = impliedBy(found, ideasIn(found.words))
  const fits = tools.flatMap(tool => fitOf(tool, found, said) ?? []).sort((a, b) => b.score - a.score)
  const [best, second] = fits
  if (!best || (second && second.score === best.score)) return undefined
  return { tool: best.tool, input: best.input }
}

/** "Tables?" asks for a list of them, and the tweets of somebody are his timeline. */
function impliedBy(found: Findings, said: Set<string>): Set<string> {
  if (said.size === 1) return said.add('list')
  return found.handles.length > 0 && said.has('tweet') ? said.add('user').add('timeline') : said
}

interface Fit extends Choice {
  score: number
}

/** Words in a tool's name that say nothing about what it does. */
const empty = new Set([
  'get',
  'web',
  'info',
  'information',
  'current',
  'a',
  'the',
  'by',
  'from',
  'to',
  'of',
  'in',
  'and',
  'name',
  'tool',
  'data',
  'do',
])

function fitOf(tool: Tool, found: Findings, said: Set<string>): Fit | undefined {
  const parameters = parametersOf(tool)
  const filled = fill(parameters, found)
  if (!filled) return undefined
  const ideas = nameIdeas(tool)
  const named = ideas.filter(idea => said.has(idea)).length
  const statement = found.sql && parameters.some(one => one.kind === 'sql') ? statementFit(tool, found.sql.kind) : undefined
  if (statement === 0) return undefined
  if (!statement && writes(tool) && !isExplicit(named === ideas.length, parameters, found)) return undefined
  if (!statement && !isNamed(named, ideas.length, filled.seen > 0)) return undefined
  const share = ideas.length === 0 ? 0 : named / ideas.length
  const about = [...ideasIn(`${tool.description} ${tool.server}`)].filter(idea => said.has(idea)).length
  const score = named * 3 + share * 3 + filled.seen * 2 + Math.min(about, 5) * 0.5 + (statement ?? 0) * 20
  return { tool, input: filled.input, score }
}

/** Its whole name was said, or half of it and something that it can work on. "Book a table for two" lists no tables. */
function isNamed(named: number, of: number, hasArgument: boolean): boolean {
  return named > 0 && (named === of || (hasArgument && named * 2 >= of))
}

function nameIdeas(tool: Tool): string[] {
  const words = wordsOf(ownName(tool))
  const telling = words.filter(word => !empty.has(word))
  return [...new Set((telling.length > 0 ? telling : words).map(ideaOf))]
}

/** The words of a tool's name without its server's: `sqlite__list_tables` → `list tables`. */
export function ownName(tool: Tool): string {
  const { name, server } = tool
  const own = name.startsWith(`${server}__`) ? name.slice(server.length + 2) : name.replace(/^.*?__/, '')
  return own.replaceAll(/[_-]+/g, ' ')
}

/** What a tool cannot do without, even where its schema leaves it open. */
const needed = new Set(['url', 'handle', 'sql', 'table', 'id', 'path', 'topic'])

/** Undefined if something required is not in the sentence. `seen` counts what was; what is optional is taken where it is plain. */
function fill(parameters: Parameter[], found: Findings): { input: Record<string, unknown>; seen: number } | undefined {
  const input: Record<string, unknown> = {}
  for (const parameter of parameters) {
    const value = parameter.required || isPlain(parameter) ? valueFor(parameter, found) : undefined
    if (value !== undefined) input[parameter.name] = value
    else if (parameter.required) return undefined
  }
  const seen = Object.keys(input).length
  const lacks = seen === 0 && parameters.some(one => needed.has(one.kind)) && !parameters.some(one => one.required)
  return lacks ? undefined : { input, seen }
}

const isPlain = ({ kind }: Parameter) => kind === 'url' || kind === 'handle' || kind === 'choice'

/** How well it fits this kind of statement; 0: not at all. Where no tool is made for creating, the one that writes takes it. */
function statementFit(tool: Tool, kind: Statement['kind']): number {
  const ideas = nameIdeas(tool)
  if (ideas.includes('create')) return kind === 'create' ? 2 : 0
  if (ideas.includes('run')) return 1
  return writes(tool) === (kind !== 'read') ? 1 : 0
}

export function writes(tool: Tool): boolean {
  return nameIdeas(tool).some(idea => writingIdeas.has(idea))
}

/** Without a statement: only what was named in full and given word for word. */
function isExplicit(namedInFull: boolean, parameters: Parameter[], found: Findings): boolean {
  return namedInFull && parameters.some(one => one.required) && found.quoted.length > 0
}
