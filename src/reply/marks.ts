/** A mark of emphasis or of a spoiler that waits for its end. */
interface Mark {
  at: number
  mark: string
}

/** Up to marks that close what stands around it; an underscore may belong to it, but hardly at its end. */
const address = /^https?:\/\/(?:(?!~~|\|\||_+(?:[\s.,;:!?)]|$))[^\s<>*])+/

/** What is not complete after so many characters is no link, code or formula: it is shown as it stands. */
const longestHeld = 200

/** A paragraph that still grows: emphasis that is open is closed; a link, code or a formula that is open is held back until it is whole. */
export function closeMarks(text: string): string {
  const open: Mark[] = []
  let at = 0
  while (at < text.length) {
    const end = atomEnd(text, at) ?? markEnd(text, at, open)
    if (end === 'open' && text.length - at <= longestHeld) return closed(text.slice(0, at), open)
    at = end === 'open' ? at + 1 : end
  }
  return closed(text, open)
}

function closed(text: string, open: Mark[]): string {
  const last = open.at(-1)
  if (!last) return text
  const body = text.trimEnd()
  const isEmpty = body.length <= last.at + last.mark.length
  return isEmpty
    ? closed(body.slice(0, last.at), open.slice(0, -1))
    : body +
        open
          .map(({ mark }) => mark)
          .reverse()
          .join('')
}

/** Where it ends, if it does. */
type End = number | 'open'

/** What is one thing: an escaped mark, code, a formula, a link, an address. */
function atomEnd(text: string, at: number): End | undefined {
  switch (text[at]) {
    case '\\':
      return escapeEnd(text, at)
    case '`':
      return codeEnd(text, at)
    case '$':
      return text[at + 1] === '$' ? after(text, '$$', at + 2) : lone(text, at)
    case '!':
      return text[at + 1] === '[' ? linkEnd(text, at + 1) : lone(text, at)
    case '[':
      return linkEnd(text, at)
    case '<':
      return /<[a-z]*:?\/{0,2}[^\s<>]*$/y.test(text.slice(at)) ? 'open' : at + 1
    case 'h':
      return at + (address.exec(text.slice(at))?.[0].length ?? 1)
    default:
      return undefined
  }
}

function after(text: string, closing: string, from: number): End {
  const at = text.indexOf(closing, from)
  return at < 0 ? 'open' : at + closing.length
}

/** After a blank, a mark at the very end is more likely to begin something than to end a sentence. */
function lone(text: string, at: number): End {
  return at === text.length - 1 && /\s/.test(text[at - 1] ?? ' ') ? 'open' : at + 1
}

function escapeEnd(text: string, at: number): End {
  const escaped = text[at + 1]
  if (escaped === undefined) return 'open'
  return escaped === '(' ? after(text, '\\)', at + 2) : escaped === '[' ? after(text, '\\]', at + 2) : at + 2
}

function codeEnd(text: string, at: number): End {
  const run = /^`+/.exec(text.slice(at))?.[0] ?? ''
  const inside = at + run.length
  const close = [...text.slice(inside).matchAll(/`+/g)].find(([marks]) => marks === run)
  const end = close ? inside + close.index + run.length : text.length
  if (end < text.length) return end // at the very end, one more backtick would make another mark of it
  return text.length - at > longestHeld ? inside : 'open'
}

/** `[label](target)`, `[label][name]`; past the bracket alone where nothing of the kind follows. */
function linkEnd(text: string, at: number): End {
  const label = bracketEnd(text, at, '[', ']')
  if (label === 'open' || label === text.length) return 'open'
  const next = text[label]
  if (next === '(') return bracketEnd(text, label, '(', ')')
  return next === '[' ? bracketEnd(text, label, '[', ']') : at + 1
}

function bracketEnd(text: string, at: number, left: string, right: string): End {
  let depth = 0
  for (let i = at; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === left) depth++
    else if (text[i] === right && --depth === 0) return i + 1
  }
  return text.indexOf('\n', at) < 0 ? 'open' : at + 1
}

/** Past a run of the same mark, which opens or closes emphasis; a run at the very end may go on. */
function markEnd(text: string, at: number, open: Mark[]): End {
  const mark = text[at] ?? ''
  if (!'*_~|'.includes(mark)) return at + 1
  let end = at + 1
  while (text[end] === mark) end++
  if (end === text.length) return 'open'
  const [before = ' ', behind = ' '] = [text[at - 1], text[end]]
  const inWord = mark === '_' && /\w/.test(before) && /\w/.test(behind)
  const left = /\s/.test(before) || inWord ? end - at : closeRun(mark, end - at, open)
  if (!/\s/.test(behind) && !inWord) openRun(mark, left, end - left, open, before)
  return end
}

/** How much of the run is left when it has closed what it can. */
function closeRun(mark: string, length: number, open: Mark[]): number {
  const at = open.findLastIndex(other => other.mark[0] === mark && other.mark.length <= length)
  const found = open[at]
  if (!found) return length
  open.length = at
  return closeRun(mark, length - found.mark.length, open)
}

/** A single star within or behind a word is a star. */
function openRun(mark: string, length: number, at: number, open: Mark[], before: string): void {
  const isEmphasis = mark === '*' || mark === '_'
  if (length >= 2) open.push({ at, mark: mark.repeat(2) })
  if (isEmphasis && length % 2 === 1 && (length > 1 || !/[\w)]/.test(before))) open.push({ at: at + length - 1, mark })
}
