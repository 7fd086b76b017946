import { openFence } from './fence.ts'

export interface Room {
  /** What one message holds, measured by `length`. */
  chars: number
  length(markdown: string): number
}

/**
 * Cuts Markdown into parts that fit, at the end of a paragraph, line or sentence where it can; never inside a link, inline code or a
 * grapheme. An open code fence is closed and opened again. A longer text gives the same parts but for the last one.
 */
export function split(markdown: string, room: Room): string[] {
  const parts: string[] = []
  let rest = markdown
  let reopened = 0 // how much of `rest` repeats the opening of a fence
  while (isTooLong(rest, room)) {
    const at = softCut(rest, reopened, longestThatFits(rest, reopened, room))
    const fence = openFence(rest.slice(0, at))
    parts.push(closed(rest.slice(0, at).trimEnd()))
    const opening = fence ? `${fence.open}\n` : ''
    rest = opening + (fence ? rest.slice(at).replace(/^\n/, '') : rest.slice(at).trimStart())
    reopened = opening.length
  }
  return [...parts, rest]
}

/** Measuring renders: of a text that is much longer than a message its beginning tells enough. */
function isTooLong(text: string, room: Room): boolean {
  const beginning = text.slice(0, room.chars * 4)
  return room.length(beginning) > room.chars || (beginning.length < text.length && room.length(text) > room.chars)
}

function closed(part: string): string {
  const fence = openFence(part)
  return fence ? `${part}\n${fence.close}` : part
}

/** A cut is close enough to the longest possible when it leaves less than this share of the room empty. */
const slack = 0.05

/**
 * A cut whose part fits and nearly fills the room; at least one character beyond what is reopened, so that there is always progress.
 * Measuring is dear (it renders), so each guess goes where the last one says that the limit lies.
 */
function longestThatFits(text: string, reopened: number, room: Room): number {
  let fits = reopened + 1
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

/** From the best place to cut to the worst; each matches what stays in the part. */
const places = [/\n\s*\n/g, /\n/g, /[.!?…](?=\s)|[。！？；]/g, /\s+/g]

/** The best place in the second half of what fits; a paragraph's end counts from further up than a space's. */
function softCut(text: string, reopened: number, longest: number): number {
  const forbidden = unbreakable(text.slice(0, longest + 2000))
  const least = Math.max(reopened + 1, Math.floor(longest / 2))
  for (const place of places) {
    const cuts = [...text.slice(least, longest).matchAll(place)].map(match => least + match.index + match[0].length)
    const cut = cuts.findLast(at => !forbidden.some(([from, to]) => at > from && at < to))
    if (cut !== undefined) return cut
  }
  const [from] = forbidden.find(([start, end]) => longest > start && longest < end) ?? []
  return from !== undefined && from > reopened ? from : graphemeCut(text, longest, reopened + 1)
}

/** Where links, inline code and bare addresses stand. */
function unbreakable(text: string): [number, number][] {
  const spans = text.matchAll(/!?\[[^\]\n]*\]\([^)\n]*\)|(?<!`)`[^`\n]+`(?!`)|<?https?:\/\/[^\s<>]+>?/g)
  return [...spans].map(match => [match.index, match.index + match[0].length])
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The last boundary between what a reader sees as characters, at `longest` or shortly before it. */
function graphemeCut(text: string, longest: number, least: number): number {
  const from = Math.max(0, longest - 64)
  const start = /[\uDC00-\uDFFF]/.test(text[from] ?? '') ? from + 1 : from
  const ends = [...graphemes.segment(text.slice(start, longest + 64))].map(({ index }) => start + index)
  return ends.findLast(at => at <= longest && at >= least) ?? longest
}
