// docs/mcp.md says what the host supports: every cell says something, and every yes has a test that is there.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namesTest } from './sentences.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/mcp.md'), 'utf8')
const columns = ['Before: stdio', 'Before: HTTP', 'Before: SSE', '2026: stdio', '2026: HTTP']

interface Row {
  feature: string
  cells: string[]
}

const cellsOf = (line: string) =>
  line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map(cell => cell.trim())

/** Those of all tables, without their heads. */
function rowsOf(text: string): Row[] {
  const lines = text.split('\n').filter(line => line.startsWith('|') && !/^\|( -+ \|)+$/.test(line))
  return lines
    .map(cellsOf)
    .map(([feature = '', ...cells]) => ({ feature, cells }))
    .filter(({ feature }) => feature !== 'Feature')
}

/** The words of each note by its name. */
const notesOf = (text: string) =>
  new Map([...text.matchAll(/^\[\^(\w+)\]: (.*)$/gm)].map(([, name = '', words = '']) => [name, words]))

/** The files that a note links to, each with what it quotes of it. */
function sourcesOf(words: string): { file: string; shown: string; quoted: string[] }[] {
  return words
    .split(/(?=\[[^\]]+\]\()/)
    .map(part => /^\[([^\]]+)\]\(\.\.\/([^)]+)\)(.*)$/.exec(part))
    .flatMap(found => {
      const [, shown = '', file = '', rest = ''] = found ?? []
      return found ? [{ file, shown, quoted: [...rest.matchAll(/"([^"]+)"/g)].map(([, sentence = '']) => sentence) }] : []
    })
}

/** As the name of a test, of a case of one, or of a row of a table. */
const isIn = (text: string, sentence: string) => namesTest(text, sentence) || text.includes(`| ${sentence} |`)

function wrongWithNote(name: string, words: string): string[] {
  const sources = sourcesOf(words)
  return sources.flatMap(({ file, shown, quoted }) => {
    if (shown !== file) return [`[^${name}] shows ${shown} and links to ${file}`]
    if (!existsSync(join(root, file))) return [`[^${name}] links to ${file}, which is not there`]
    if (quoted.length === 0) return [`[^${name}] names no test of ${file}`]
    const text = readFileSync(join(root, file), 'utf8')
    return quoted.filter(sentence => !isIn(text, sentence)).map(sentence => `[^${name}]: ${file} has no "${sentence}"`)
  })
}

function wrongWithCell(cell: string, at: string, notes: Map<string, string>): string[] {
  const [, said, marks = ''] = /^(yes|no|not tried|—)((?:\[\^\w+\])*)$/.exec(cell) ?? []
  if (said === undefined) return [`${at} says "${cell}"`]
  const names = [...marks.matchAll(/\w+/g)].map(([name]) => name)
  const unknown = names.filter(name => !notes.has(name)).map(name => `${at} has the note ${name}, which is not there`)
  const words = names.map(name => notes.get(name) ?? '')
  if (said === 'yes' && !words.some(one => sourcesOf(one).length > 0)) return [...unknown, `${at} says yes without a test`]
  if (said === 'no' && !words.some(one => one !== '')) return [...unknown, `${at} says no without a reason`]
  return unknown
}

function wrongWith(text: string): string[] {
  const notes = notesOf(text)
  const rows = rowsOf(text)
  const used = new Set([...text.matchAll(/\[\^(\w+)\](?!:)/g)].map(([, name]) => name))
  return [
    ...rows.flatMap(({ feature, cells }) =>
      cells.length === columns.length
        ? cells.flatMap((cell, at) => wrongWithCell(cell, `${feature}, ${columns[at]}`, notes))
        : [`${feature} has ${cells.length} cells`],
    ),
    ...[...notes].flatMap(([name, words]) => wrongWithNote(name, words)),
    ...[...notes.keys()].filter(name => !used.has(name)).map(name => `nothing has the note ${name}`),
  ]
}

test('the page says something in every cell, and names a test that is there for every yes', () => {
  expect(wrongWith(page)).toEqual([])
  expect(rowsOf(page).length).toBeGreaterThan(50)
})

test('every table has the same columns', () => {
  const heads = page.split('\n').filter(line => line.startsWith('| Feature'))
  expect(heads.length).toBeGreaterThan(5)
  for (const head of heads) expect(cellsOf(head)).toEqual(['Feature', ...columns])
})

const sample = (cell: string, note: string) => `| Roots | ${cell} | — | — | — | — |\n\n${note}`
const good = '[^a]: [test/mcp.test.ts](../test/mcp.test.ts) "tools that come later are listed"'

test.each([
  ['yes[^a]', good, []],
  ['', good, ['Roots, Before: stdio says ""', 'nothing has the note a']],
  ['maybe[^a]', good, ['Roots, Before: stdio says "maybe[^a]"']],
  ['yes', '', ['Roots, Before: stdio says yes without a test']],
  ['yes[^a]', '[^a]: of course', ['Roots, Before: stdio says yes without a test']],
  ['yes[^b]', '', ['Roots, Before: stdio has the note b, which is not there', 'Roots, Before: stdio says yes without a test']],
  ['no', '', ['Roots, Before: stdio says no without a reason']],
  ['no[^a]', '[^a]: nobody needs it', []],
  ['yes[^a]', good.replaceAll('mcp.test', 'mpc.test'), ['[^a] links to test/mpc.test.ts, which is not there']],
  ['yes[^a]', good.replace('later', 'sooner'), ['[^a]: test/mcp.test.ts has no "tools that come sooner are listed"']],
  ['yes[^a]', good.replace(/ ".*/, ''), ['[^a] names no test of test/mcp.test.ts']],
  ['— | —', '', ['Roots has 6 cells']],
])('a page with the cell "%s" and the note "%s" has these faults', (cell, note, faults) => {
  expect(wrongWith(sample(cell, note))).toEqual(faults)
})
