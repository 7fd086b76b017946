import type { Tool } from '../model.ts'
import { chooseTool, ownName, writes } from './choose.ts'
import { type Kind, type Parameter, parametersOf } from './parameters.ts'
import { inChinese, wordsOf } from './words.ts'

/** Up to `count` sentences that `chooseTool` understands with these tools, of different servers as far as there are such. */
export function exampleQuestions(tools: Tool[], count: number, chinese: boolean): string[] {
  const harmless = tools.filter(tool => !writes(tool))
  const ordered = harmless.map((tool, place) => ({ tool, place, turn: turnOf(tool, harmless.slice(0, place)) }))
  ordered.sort((a, b) => a.turn - b.turn || a.place - b.place)
  const examples: string[] = []
  for (const { tool } of ordered) {
    if (examples.length === count) break
    const sentence = exampleFor(tool, chinese)
    if (sentence !== undefined && chooseTool(sentence, tools)?.tool === tool) examples.push(sentence)
  }
  return examples
}

/** How many tools of its server come before it. */
const turnOf = (tool: Tool, before: Tool[]) => before.filter(other => other.server === tool.server).length

const samples: Partial<Record<Kind, string>> = {
  url: 'https://example.com/clip',
  handle: '@nasa',
  table: 'orders',
  id: '12345',
  path: 'report.txt',
  place: '"Japan"',
  topic: '"robots"',
  number: '5',
  text: '"hello"',
}

function exampleFor(tool: Tool, chinese: boolean): string | undefined {
  const parameters = parametersOf(tool)
  if (parameters.some(one => one.kind === 'sql')) return 'SELECT 1'
  const required = parameters.filter(one => one.required)
  const given = (required.length > 0 ? required : parameters.slice(0, 1)).map(sampleOf)
  if (given.includes(undefined)) return undefined
  return [nameInWords(tool, chinese), ...given].join(' ')
}

function sampleOf({ kind, choices }: Parameter): string | undefined {
  return kind === 'choice' ? String(choices[0]) : samples[kind]
}

function nameInWords(tool: Tool, chinese: boolean): string {
  const words = wordsOf(ownName(tool))
  const translated = words.map(inChinese)
  return chinese && !translated.includes(undefined) ? translated.join('') : words.join(' ')
}
