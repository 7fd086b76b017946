/** What a model wrote as arguments: `input`, and the raw text in `broken` if no JSON object could be made of it. */
export interface Arguments {
  input: Record<string, unknown>
  broken?: string
}

/**
 * Reads a call's arguments. Nothing at all means `{}`. When `whole` (the model ended its answer by itself) trailing commas and
 * missing closing braces are forgiven; a cut-off answer is never completed, since half a statement can be a different statement.
 */
export function readArguments(raw: string, whole: boolean): Arguments {
  const text = raw.trim()
  if (text === '' || text === 'null') return { input: {} }
  const input = parseObject(text) ?? (whole ? parseObject(repair(unfence(text))) : undefined)
  return input ? { input } : { input: {}, broken: raw }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The JSON value, or undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Some models write the object as a string of JSON: one more layer is taken off. */
function parseObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text)
  const inner = typeof value === 'string' ? parseJson(value) : value
  return isObject(inner) ? inner : undefined
}

function unfence(text: string): string {
  return /^```(?:json)?\s*([\s\S]*?)\s*```$/.exec(text)?.[1] ?? text
}

/** Drops commas before a closing bracket and closes what is open; leaves an unclosed string alone. */
function repair(text: string): string {
  const open: string[] = []
  let out = ''
  for (const piece of text.match(/"(?:[^"\\]|\\.)*"|[\s\S]/g) ?? []) {
    if (piece === '{') open.push('}')
    if (piece === '[') open.push(']')
    if (piece === '}' || piece === ']') {
      out = out.replace(/,\s*$/, '')
      if (open.at(-1) === piece) open.pop()
    }
    out += piece
  }
  return out.replace(/,\s*$/, '') + open.reverse().join('')
}
