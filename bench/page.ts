import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'

const page = join(import.meta.dirname, '../docs/performance.md')

/** Parts of `docs/performance.md` that commands write, each between two comments of its name. */
export const parts = ['growth', 'soak', 'traffic', 'goals'] as const
export type Part = (typeof parts)[number]

/** The page with another text in this part; the rest is left as it stands. Throws where the two comments are not, once each and in order. */
export function withPart(text: string, part: Part, content: string): string {
  const marks = [`<!-- ${part} -->`, `<!-- /${part} -->`]
  const [before, within, ...more] = text.split(marks[0] ?? '')
  const [, after, ...others] = within?.split(marks[1] ?? '') ?? []
  if (before === undefined || after === undefined || more.length + others.length > 0)
    throw new Error(`docs/performance.md must hold ${marks.join(' … ')} once`)
  return `${before}${marks[0]}\n\n${content.trim()}\n\n${marks[1]}${after}`
}

export function writePart(part: Part, content: string): void {
  writeFileSync(page, withPart(readFileSync(page, 'utf8'), part, content))
}

export const writeBeside = (name: string, content: string): void => writeFileSync(join(page, '..', name), content)

/** What was measured on, in a line. */
export const machineLine = () =>
  `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`

/** Rows below heads, as Markdown. */
export const table = (heads: string[], rows: (string | number)[][]): string =>
  [heads, heads.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
