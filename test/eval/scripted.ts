import type { WireBody, WireReply } from '../wire/openai.ts'
import type { Line } from './scenario.ts'

/** A model that follows its script, and knows only what it is sent: what a step needs from there, it has to find there. */
export function scripted(lines: Line[]): (body: WireBody, number: number) => WireReply {
  return (body, number) => {
    const line = lines[number - 1]
    if (line === undefined) return { text: '(the script has ended)' }
    const missing: string[] = []
    const fill = (text: string) =>
      text.replace(/<<(?:(system|tools):)?(.*?)>>/gs, (_, where: string | undefined, pattern: string) => {
        const found = find(pattern, where, body)
        if (found === undefined) missing.push(`nothing that I was sent says ${pattern}`)
        return found ?? ''
      })
    const calls = typeof line === 'string' ? [] : callsIn(line, fill)
    const text = typeof line === 'string' ? fill(line) : ''
    const offered = new Set(body.tools?.map(tool => tool.function.name))
    for (const { name, anyway } of calls) if (!anyway && !offered.has(name)) missing.push(`I was given no tool ${name}`)
    if (missing.length > 0) return { text: `(${missing.join('; ')})` }
    return calls.length > 0 ? { calls: calls.map(({ name, input }) => ({ name, input })) } : { text }
  }
}

/** Arguments that are a text are sent as that text. */
function callsIn(line: Record<string, unknown>, fill: (text: string) => string) {
  return Object.entries(line).map(([key, input]) => ({
    name: key.replace(/^!|#\d+$/g, ''),
    anyway: key.startsWith('!'),
    input: fillAll(input, fill),
  }))
}

function fillAll(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value)
  if (Array.isArray(value)) return value.map(one => fillAll(one, fill))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillAll(one, fill)]))
}

/** The first group of the pattern, or all of it. */
function find(pattern: string, where: string | undefined, { messages, tools }: WireBody): string | undefined {
  const of = (role: string) => messages.flatMap(one => (one.role === role && one.content !== null ? [String(one.content)] : []))
  const texts = where === 'tools' ? [JSON.stringify(tools ?? [])] : of(where === 'system' ? 'system' : 'tool').reverse()
  for (const text of texts) {
    const found = new RegExp(pattern, 'is').exec(text)
    if (found) return found[1] ?? found[0]
  }
  return undefined
}
