import { isObject, parseJson } from './arguments.ts'

/** The values under a key in what a tool returned: in JSON however deep, in lists of `key: value`, and in the columns of tables. */
export function valuesOf(text: string, key: string): string[] {
  const value = parseJson(text.trim())
  if (typeof value === 'object' && value !== null) return inJson(value, key)
  const found = [...inLists(text, key), ...inTables(text, key)]
  return found.length > 0 || !/^(?:file|path|file_path)$/.test(key) ? found : (text.match(recording) ?? [])
}

/** A file that is only mentioned in a sentence. */
const recording = /[\w./-]+\.(?:mp4|m4v|webm|mkv|mov|m4a|mp3)\b/gi

function inJson(value: unknown, key: string): string[] {
  if (Array.isArray(value)) return value.flatMap(one => inJson(one, key))
  if (!isObject(value)) return []
  const own = value[key]
  const here = (typeof own === 'string' && own !== '') || typeof own === 'number' ? [String(own)] : []
  return [...here, ...Object.values(value).flatMap(one => inJson(one, key))]
}

/** `- key: value`, alone on its line or with others behind commas. */
function inLists(text: string, key: string): string[] {
  const pattern = new RegExp(`(?:^\\s*(?:[-*]\\s+)?|,\\s)[*\`]{0,2}${key}[*\`]{0,2}:[*]{0,2}[ \\t]+(\\S[^\\n]*)`, 'gm')
  return [...text.matchAll(pattern)].map(([, rest = '']) => bare(rest.replace(/,\s+[\w.]+:\s[\s\S]*$/, '')))
}

function inTables(text: string, key: string): string[] {
  let column = -1
  return text.split('\n').flatMap(line => {
    if (!line.startsWith('|')) {
      column = -1
      return []
    }
    const cells = line.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/)
    if (column === -1) {
      column = cells.findIndex(cell => cell.trim() === key)
      return []
    }
    const cell = bare(cells[column] ?? '')
    return cell === '' || /^:?-+:?$/.test(cell) ? [] : [cell]
  })
}

const bare = (text: string) => text.trim().replace(/^["'`]|["'`]$/g, '')
