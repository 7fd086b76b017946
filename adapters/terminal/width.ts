// How wide text is on a terminal, and where it breaks. Colours that `style.ts` put in count as nothing.

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** East Asian wide and full-width characters (Unicode TR11, the blocks in use), each two columns. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u
const emoji = /^\p{Emoji_Presentation}|\ufe0f/u
const invisible = /^[\p{Mark}\p{Cf}\p{Cc}]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
const colour = /\u001b\[[0-9;]*m/y

/** What no text may carry to a terminal: escape sequences could move the cursor, retitle the window or write the clipboard. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /\u001b\[[0-?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

export function withoutControl(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').replace(control, '')
}

/** Columns that a text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const piece of pieces(text)) width += piece.width
  return width
}

/** Breaks text into rows of at most `columns`, at spaces where there are some. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap(line => wrapLine(line, columns))
}

function wrapLine(line: string, columns: number): string[] {
  const rows: string[] = []
  let row = ''
  let width = 0
  /** Where the row could end: after its last space. */
  let breakAt = 0
  let widthAtBreak = 0
  for (const piece of pieces(line)) {
    if (width + piece.width > columns && width > 0 && piece.text !== ' ') {
      const at = breakAt || row.length
      rows.push(row.slice(0, at).trimEnd())
      row = row.slice(at)
      width -= breakAt ? widthAtBreak : width
      breakAt = 0
    }
    row += piece.text
    width += piece.width
    if (piece.text === ' ' || piece.width === 2) {
      breakAt = row.length
      widthAtBreak = width
    }
  }
  return [...rows, row.trimEnd()]
}

function* pieces(text: string): Generator<{ text: string; width: number }> {
  let at = 0
  while (at < text.length) {
    colour.lastIndex = at
    const found = colour.exec(text)?.[0]
    const plainEnd = found ? at : nextColour(text, at)
    if (found) yield { text: found, width: 0 }
    else yield* plainPieces(text.slice(at, plainEnd))
    at = found ? at + found.length : plainEnd
  }
}

function* plainPieces(text: string): Generator<{ text: string; width: number }> {
  // Finding graphemes is slow, and a card is measured ten times a second.
  if (/^[ -~]*$/.test(text)) for (const char of text) yield { text: char, width: 1 }
  else for (const { segment } of graphemes.segment(text)) yield { text: segment, width: columnsOf(segment) }
}

function nextColour(text: string, from: number): number {
  const at = text.indexOf('\u001b', from + 1)
  return at < 0 ? text.length : at
}

function columnsOf(grapheme: string): number {
  if (emoji.test(grapheme) || wide.test(grapheme)) return 2
  return invisible.test(grapheme) ? 0 : 1
}
