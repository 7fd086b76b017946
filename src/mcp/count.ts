import { isRecord } from './mend.ts'

/** Under these names servers keep what they list. */
const listKeys =
  /^(items|results?|data|rows|hits|entries|records|list|docs|documents|posts|notes|tweets|statuses|videos|articles|users|comments|replies|timeline|messages|matches|tables|pages|files|issues|products|songs)$/i
/** Beside a list these tell of it and are nothing themselves. */
const aboutList =
  /^(count|total(_?(count|results|items|hits|pages))?|num_?(results|found)|result_?count|page(_?(size|number|token))?|per_?page|limit|offset|(next|prev|previous)(_?(cursor|page|token))?|cursor|has_?(more|next)|more|query|q|keyword|sort|status|ok|success|code|msg|message|took|truncated|error|errors|columns|source|updated_?at)$/i
const countKeys = /^(count|total(_?(count|results|items|hits))?|num_?(results|found)|result_?count)$/i
const deepest = 4

/** How many items a value lists; 0 when it says that there are none; undefined when it is no list, or nobody can tell. */
export function countItems(value: unknown, depth = 0): number | undefined {
  if (Array.isArray(value)) return value.length
  if (value === null || value === undefined) return depth === 0 ? 0 : undefined
  if (!isRecord(value) || depth > deepest) return undefined
  const entries = Object.entries(value)
  if (entries.length === 0) return 0
  const rest = entries.filter(([key]) => !listKeys.test(key))
  const isPage = rest.every(([key]) => aboutList.test(key))
  const lists = entries.filter(([key]) => listKeys.test(key)).map(([, part]) => countItems(part, depth + 1))
  const told = entries.flatMap(([key, part]) => (countKeys.test(key) && typeof part === 'number' ? [part] : []))
  const counts = lists.filter(count => count !== undefined)
  if (counts.length > 0 && (isPage || told.includes(0))) return Math.max(...counts)
  if (lists.length === 0 && told.length > 0 && isPage) return told[0]
  return undefined
}

/** The same of a text: JSON, JSON in a fence, or one table in Markdown. */
export function countInText(text: string): number | undefined {
  const json = readJson(text)
  return json === undefined ? countRows(text) : countItems(json.value)
}

/** Undefined: the text is no JSON object or list. */
export function readJson(text: string): { value: unknown } | undefined {
  const bare = /^\s*```(?:json)?\n(.*)\n```\s*$/is.exec(text)?.[1] ?? text
  if (!/^\s*[[{]/.test(bare)) return undefined
  try {
    return { value: JSON.parse(bare) }
  } catch {
    return undefined
  }
}

function countRows(text: string): number | undefined {
  const heads = [...text.matchAll(/^\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*$/gm)]
  const [head] = heads
  if (heads.length !== 1 || !head) return undefined
  const rows = text
    .slice(head.index + head[0].length)
    .split('\n')
    .slice(1)
  const end = rows.findIndex(row => !row.startsWith('|'))
  return end === -1 ? rows.length : end
}
