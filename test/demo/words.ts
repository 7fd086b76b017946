// Whether what a person reads is what the model said, without the house's own renderer and splitter: by letters and digits alone.

/** Why the parts do not say what was said; undefined when they do. */
export function deviation(said: string, parts: string[], files: string[] = []): string | undefined {
  const whole = lettersOf(said)
  const heads = tableHeads(said)
  const shown = parts.map((part, index) => (index === parts.length - 1 ? withoutFooter(part) : part))
  if (files.some(file => lettersOf(withoutFooter(file)) === whole)) return beginsWrong(whole, shown, heads)
  let at = 0
  for (const part of shown) {
    const letters = withoutHead(lettersOf(part), whole, at, heads)
    if (!whole.startsWith(letters, at)) return differs(whole.slice(at), letters)
    at += letters.length
  }
  return at === whole.length
    ? undefined
    : `${whole.length - at} letters are missing at the end, from “${whole.slice(at, at + 24)}”`
}

/** How many letters of what was said are read, in their order and from the beginning on, whatever else stands between and below. */
export function reach(said: string, parts: string[]): number {
  const whole = lettersOf(said)
  const heads = tableHeads(said)
  return parts.reduce((at, part) => at + common(whole.slice(at), withoutHead(lettersOf(part), whole, at, heads)), 0)
}

/** Of an answer that a file holds whole, the messages show the beginning; the last of them ends with where the rest is. */
function beginsWrong(whole: string, parts: string[], heads: string[]): string | undefined {
  const last = parts.at(-1) ?? ''
  const ends = [...last.matchAll(/\n\s*\n/g)].map(({ index }) => index).slice(-2)
  const tries = [last, ...ends.map(end => last.slice(0, end))].map(end => [...parts.slice(0, -1), end])
  const isBeginning = (some: string[]) => {
    let at = 0
    for (const part of some) {
      const letters = withoutHead(lettersOf(part), whole, at, heads)
      if (!whole.startsWith(letters, at)) return false
      at += letters.length
    }
    return true
  }
  return tries.some(isBeginning) ? undefined : 'the messages beside the file are not the beginning of the answer'
}

/** Letters and digits, without what only some platforms show: languages of code, addresses of links. */
export function lettersOf(text: string): string {
  const readable = text.replace(/^[ \t]*(?:```|~~~).*$/gm, '').replace(/\]\([^)\s]*\)/g, ']')
  return readable.replace(/[^\p{L}\p{N}]/gu, '')
}

/** What the house adds below: what was done, a line for all of it. */
function withoutFooter(text: string): string {
  return text.replace(/\s*^(?:-# )?(?:✅|⚠️|⏹|∅)[^\n]*\s*$/mu, '')
}

/** A part that goes on within a table repeats its head. */
function withoutHead(letters: string, whole: string, at: number, heads: string[]): string {
  if (whole.startsWith(letters, at)) return letters
  const head = heads.find(one => letters.startsWith(one) && !whole.startsWith(one, at))
  return head === undefined ? letters : letters.slice(head.length)
}

function tableHeads(said: string): string[] {
  return [...said.matchAll(/^(\|.*)\n\|[ :|-]+\|?$/gm)].map(match => lettersOf(match[1] ?? ''))
}

function common(a: string, b: string): number {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  return same
}

function differs(expected: string, found: string): string {
  const same = common(expected, found)
  const from = Math.max(0, same - 8)
  return `after ${same} letters of a part “${found.slice(from, same + 24)}” stands where “${expected.slice(from, same + 24)}” was said`
}
