/** A stretch of code or of formulas between two lines of marks, at offsets of its text. */
export interface Fence {
  from: number
  /** Where its content begins. */
  inside: number
  /** After the line that closes it, or the end of the text. */
  to: number
  closed: boolean
  /** The opening line as it can begin a text of its own, with its language; of a very long one the beginning. */
  open: string
  /** The line that closes it where it stands. */
  close: string
  /** The marks alone, at least as many of which close it. */
  mark: string
  /** By how many columns its lines are indented because of the list that it stands in. */
  indent: number
}

/** What is repeated in the next part: a language, not a page of it. */
const longestOpening = 40

/** A fence may stand in a list or a quotation. */
const opening =
  /^((?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*)(`{3,}(?=[^`]*$)|~{3,}|\$\$(?=\s*$)|\\\[(?=\s*$))(.*)$/

/** CommonMark 4.5: a fence is closed by at least as many of the same mark and nothing else on the line. A formula has no blank lines. */
export function fencesOf(text: string): Fence[] {
  const fences: Fence[] = []
  let open: Fence | undefined
  let from = 0
  for (const line of text.split('\n')) {
    const to = Math.min(text.length, from + line.length + 1)
    if (!open) open = openingOf(line, from, to)
    else if (closes(line, open)) {
      fences.push({ ...open, to, closed: true })
      open = undefined
    } else if (isFormula(open) && ((line.trim() === '' && from < text.length) || openingOf(line, from, to)))
      open = openingOf(line, from, to)
    from = to
  }
  return open ? [...fences, { ...open, to: text.length }] : fences
}

/** The fence that a text leaves open. */
export function openFence(text: string): Fence | undefined {
  const last = fencesOf(text).at(-1)
  return last?.closed ? undefined : last
}

export const isFormula = ({ mark }: Fence) => mark === '$$' || mark === '\\]'

function openingOf(line: string, from: number, inside: number): Fence | undefined {
  const [, before = '', found, info = ''] = opening.exec(line) ?? []
  if (found === undefined) return undefined
  const margin = before.replace(/[^>\s]/g, ' ') // under a bullet stand blanks
  const quoted = margin.includes('>')
  const mark = found === '\\[' ? '\\]' : found
  const open = `${quoted ? margin : ''}${found}${info.trim()}`.slice(0, longestOpening)
  return { from, inside, to: inside, closed: false, open, close: margin + mark, mark, indent: quoted ? 0 : margin.length }
}

function closes(line: string, fence: Fence): boolean {
  const marks = line.replace(/^[\s>]+/, '').trimEnd()
  return isFormula(fence) ? marks === fence.mark : marks.startsWith(fence.mark) && /^(.)\1*$/.test(marks)
}
