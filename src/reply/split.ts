import { bestPlace, type Cut, cutAt, layoutOf, type Rest, restAfter } from './cut.ts'
import { openFence } from './fence.ts'

export interface Room {
  /** What one message holds, measured by `length`. */
  chars: number
  length(markdown: string): number
}

/**
 * Cuts Markdown into parts that fit, at the end of a paragraph, line or sentence where it can; never inside a link, a table's row, inline
 * code or a grapheme that fits into a part. What a cut leaves open (a fence, a table, a quote, a spoiler) is closed and opened again.
 */
export function split(markdown: string, room: Room): string[] {
  return createSplitter(room)(markdown)
}

/**
 * Splits a text that grows, from call to call: a part that is followed by another stays as it is, as long as its text does. Only what
 * follows the last cut is measured, which is the dear part.
 */
export function createSplitter(room: Room): (markdown: string) => string[] {
  let cuts: (Cut & { of: number })[] = []
  return markdown => {
    let rest: Rest = { text: markdown.length > room.chars ? withoutWalls(markdown) : markdown, opened: 0 }
    const kept: typeof cuts = []
    const goOn = (cut: Cut & { of: number }) => {
      kept.push(cut)
      rest = restAfter(rest.text, cut)
    }
    for (const cut of cuts) {
      const needed = rest.text.length >= cut.of || isTooLong(rest.text, room)
      if (!needed || !rest.text.startsWith(cut.head)) break
      goOn(cut)
    }
    while (isTooLong(rest.text, room)) goOn({ ...findCut(rest, room), of: rest.text.length })
    cuts = kept
    const parts = cuts.map(({ part }) => part)
    return parts.length > 0 && isBlank(rest) ? parts : [...parts, rest.text]
  }
}

/** So many blank lines in a row are left of more, which nobody could read and everything here would measure again and again. */
const mostBlankLines = 30

function withoutWalls(text: string): string {
  let blank = 0
  const lines = text.split('\n').filter(line => {
    blank = line.trim() === '' ? blank + 1 : 0
    return blank <= mostBlankLines
  })
  return lines.join('\n')
}

/** Nothing but blanks and the end of a fence. */
const isBlank = ({ text, opened }: Rest) => /^(?:`{3,}|~{3,}|\$\$|\\\]|)$/.test(text.slice(opened).trim())

/** Measuring renders: of a text that is much longer than a message its beginning tells enough. */
function isTooLong(text: string, room: Room): boolean {
  const beginning = text.slice(0, room.chars * 4)
  return room.length(beginning) > room.chars || (beginning.length < text.length && room.length(text) > room.chars)
}

/** How far beyond a cut links and tables are looked for that it might tear. */
const lookAhead = 2000

function findCut(rest: Rest, room: Room): Cut {
  let longest = longestThatFits(rest, room)
  const layout = layoutOf(rest.text.slice(0, longest + lookAhead))
  while (true) {
    const cut = cutAt(rest.text, bestPlace(rest, longest, layout), layout)
    if (longest <= rest.opened + 1 || room.length(cut.part) <= room.chars) return cut
    // Less text can be longer to see: ten rows are drawn as a table, eleven may be a list.
    longest = Math.max(rest.opened + 1, Math.floor(Math.min(longest, cut.head.length) * 0.95))
  }
}

/** A cut is close enough to the longest possible when it leaves less than this share of the room empty. */
const slack = 0.05

/**
 * A cut whose part fits and nearly fills the room; at least one character beyond what is opened again, so that there is always progress.
 * Measuring is dear, so each guess goes where the last one says that the limit lies.
 */
function longestThatFits({ text, opened }: Rest, room: Room): number {
  let fits = opened + 1
  let tooLong = text.length + 1
  let guess = room.chars
  while (tooLong - fits > 1) {
    const at = Math.min(Math.max(Math.floor(guess), fits + 1), tooLong - 1)
    const length = room.length(closed(text.slice(0, at).trimEnd()))
    if (length > room.chars) tooLong = at
    else fits = at
    if (length <= room.chars && length > room.chars * (1 - slack)) break
    guess = length > 0 ? (at * room.chars * (1 - slack / 2)) / length : (fits + tooLong) / 2
    if (guess <= fits || guess >= tooLong) guess = (fits + tooLong) / 2
  }
  return fits
}

function closed(part: string): string {
  const fence = openFence(part)
  return fence ? `${part}\n${fence.close}` : part
}
