import { withoutControl } from './width.ts'

const on = { bold: '\u001b[1m', dim: '\u001b[2m', italic: '\u001b[3m', code: '\u001b[36m' }
const off = '\u001b[0m'

const small = /^-# (.*)$/
/** Stands for an escaped character while a line is styled; `withoutControl` has taken it out of every text. */
const hidden = '\u0001'

/** Markdown with bold, code, headings and small print as colours, and what is escaped as itself; the rest stays as it was written. */
export function styled(markdown: string): string {
  let fenced = false
  return withoutControl(markdown)
    .split('\n')
    .map(line => {
      const fence = /^\s*(```|~~~)/.test(line)
      if (fence) fenced = !fenced
      return fence || fenced ? `${on.code}${line}${off}` : styledLine(line)
    })
    .join('\n')
}

/** For what is less than the answer. */
export function dimmed(text: string): string {
  return `${on.dim}${text}${off}`
}

/** `\*` → `*`, as Markdown means it. */
export function unescaped(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, '$1')
}

function styledLine(line: string): string {
  const kept: string[] = []
  const safe = line.replace(/`[^`]+`|\\([!-/:-@[-`{-~])/g, (whole, char?: string) => {
    if (char === undefined) return whole
    kept.push(char)
    return hidden
  })
  return coloured(safe).replaceAll(hidden, () => kept.shift() ?? '')
}

function coloured(line: string): string {
  const print = small.exec(line)?.[1]
  if (print !== undefined) return dimmed(print)
  const heading = /^#{1,6} +(.*)$/.exec(line)?.[1]
  if (heading !== undefined) return `${on.bold}${heading}${off}`
  return line
    .split(/(`[^`]+`)/)
    .map(part => (/^`[^`]+`$/.test(part) ? `${on.code}${part.slice(1, -1)}${off}` : emphasised(part)))
    .join('')
}

function emphasised(text: string): string {
  return text
    .replace(/\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*/g, `${on.bold}$1${off}`)
    .replace(/(?<![*\w])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![*\w])/g, `${on.italic}$1${off}`)
}

/** Markdown without a colour, for pipes and files: as it was written, but for the small print. */
export function plain(markdown: string): string {
  return withoutControl(markdown).replace(new RegExp(small, 'gm'), (_line, print: string) => unescaped(print))
}
