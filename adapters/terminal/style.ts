import { withoutControl } from './width.ts'

const on = { bold: '\u001b[1m', dim: '\u001b[2m', italic: '\u001b[3m', code: '\u001b[36m' }
const off = '\u001b[0m'

/** Markdown with bold, code, headings and small print as colours; everything else stays as it was written. */
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

function styledLine(line: string): string {
  const small = /^-# (.*)$/.exec(line)?.[1]
  if (small !== undefined) return `${on.dim}${small}${off}`
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

/** The same without a colour: for pipes and files. */
export function plain(markdown: string): string {
  return withoutControl(markdown).replace(/^-# /gm, '')
}
