import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { ConfigError } from '../../errors.ts'
import { asObject } from './entry.ts'
import type { Input } from './expand.ts'

/** The entries of a file, in whatever client's dialect it is written. */
export interface FileFound {
  /** Where they stand: `mcpServers`; empty for a file that is nothing but entries. */
  at: string
  entries: Record<string, unknown>
  inputs: Input[]
  /** Switched off by name, beside the entries (Gemini CLI). */
  isOff(name: string): boolean
  /** Keys beside the entries that nothing reads. */
  unread: string[]
}

/** Where clients have their entries; the first that is there counts. */
const roots = [
  ['mcpServers'],
  ['mcp_servers'],
  ['servers'],
  ['mcp', 'servers'],
  ['tools', 'mcpServers'],
  ['tools', 'mcp_servers'],
  ['mcp'],
]
/** What may stand beside the entries of opencode. */
const notEntries = ['timeout', 'allowed', 'excluded']

/** Reads JSON, with comments and trailing commas. Throws ConfigError when the file as a whole cannot be read. */
export function findEntries(text: string, file: string): FileFound {
  const root = asObject(parseJsonc(text, file))
  if (!root) throw new ConfigError(`${file} is wrong: it must be an object`)
  const mcp = asObject(root['mcp']) ?? {}
  const path = roots.find(keys => dig(root, keys) !== undefined)
  const at = path?.join('.') ?? (isBare(root) ? '' : 'mcpServers')
  const found = path ? dig(root, path) : at === '' ? without(root, ['$schema', 'inputs']) : undefined
  const entries = asObject(found)
  if (!entries) throw new ConfigError(`${file}.${at} is wrong: it must be an object with one entry a server`)
  const allowed = listOf(mcp['allowed'])
  const excluded = listOf(mcp['excluded'])
  return {
    at,
    entries: at === 'mcp' ? without(entries, notEntries) : entries,
    inputs: [...readInputs(root['inputs']), ...readInputs(mcp['inputs'])],
    isOff: name => excluded.includes(name) || (allowed.length > 0 && !allowed.includes(name)),
    unread: path ? Object.keys(without(root, ['$schema', 'inputs', 'mcp', path[0] ?? ''])) : [],
  }
}

function parseJsonc(text: string, file: string): unknown {
  const errors: ParseError[] = []
  const clean = text.replace(/^\uFEFF/, '')
  const value: unknown = parse(clean, errors, { allowTrailingComma: true })
  const [first] = errors
  if (!first) return value
  if (/^\s*\[\[?mcp_servers\b/m.test(clean))
    throw new ConfigError(`${file} is TOML: write the same as JSON, {"mcp_servers": {…}}`)
  const before = clean.slice(0, first.offset).split('\n')
  const words = printParseErrorCode(first.error).replace(/(?<!^)[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
  throw new ConfigError(`${file} is not JSON: ${words} at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`)
}

function dig(value: unknown, [key, ...rest]: string[]): unknown {
  return key === undefined ? value : dig(asObject(value)?.[key], rest)
}

/** Nothing but entries: at least one says how to reach a server. */
function isBare(root: Record<string, unknown>): boolean {
  return Object.values(root).some(value => {
    const entry = asObject(value) ?? {}
    return ['command', 'url', 'httpUrl', 'serverUrl'].some(key => key in entry)
  })
}

function without(record: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function readInputs(value: unknown): Input[] {
  return listOf(value).flatMap(item => {
    const { id, default: fallback } = asObject(item) ?? {}
    return typeof id === 'string' ? [{ id, ...(typeof fallback === 'string' && { default: fallback }) }] : []
  })
}
