import { inUnits } from '../i18n/size.ts'

/**
 * Characters that nobody sees and a model reads: controls that steer a terminal, marks that turn the direction of writing, and
 * invisible alphabets (Unicode tags, the supplementary variation selectors) in which whole sentences can be hidden.
 */
const unseen = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e01ef}]/gu

/** Words of a server without what is not to be seen in them, and without half characters, which a model's endpoint refuses. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(unseen, char => (char === '\n' || char === '\t' ? char : /[\u2028\u2029]/.test(char) ? '\n' : ''))
}

/** The first `chars` of a server's words, cleaned. Cut first: cleaning costs something for each character. */
export function tidy(text: string, chars: number): string {
  const short = text.length <= chars ? text : `${text.slice(0, chars - 1).replace(/[\ud800-\udbff]$/, '')}…`
  return clean(short)
}

/** Shorter runs of such signs are words of some kind, unless a data URL says that they are data. */
const leastRun = 1000
const leastInUrl = 100

/**
 * Without long data in base64, which no model can read and every model pays for: runs, data URLs, and the lines of mail and PEM files.
 * By hand, since a regular expression overflows the stack on a run of many megabytes.
 */
export function hideBase64(text: string): string {
  const parts: string[] = []
  let kept = 0
  for (let at = 0; at < text.length; at++) {
    if (!isSign(text.charCodeAt(at))) continue
    const from = at
    at = endOfRun(text, from)
    const inUrl = text.startsWith(';base64,', from - 8)
    if (at - from < (inUrl ? leastInUrl : leastRun) || !(inUrl || isData(text.slice(from, at)))) continue
    parts.push(
      text.slice(kept, inUrl ? startOfUrl(text, from) : from),
      `[data in base64, ${inUnits(Math.floor(((at - from) * 3) / 4))}]`,
    )
    kept = text.startsWith('==', at) ? at + 2 : text[at] === '=' ? at + 1 : at
  }
  return kept === 0 ? text : parts.join('') + text.slice(kept)
}

/** Of base64, of its form for URLs, and of the backslash by which JSON breaks it up. */
const signs = new Set([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\\'].map(sign => sign.charCodeAt(0)))
const table = Uint8Array.from({ length: 128 }, (_, code) => (signs.has(code) ? 1 : 0))
const isSign = (code: number) => table[code] === 1
const newline = 10

/** A line of 60 to 76 signs goes on after its end. */
function endOfRun(text: string, from: number): number {
  let line = from
  for (let at = from; ; at++) {
    if (isSign(text.charCodeAt(at))) continue
    const wide = at - line
    const end = text.startsWith('\r\n', at) ? at + 1 : at
    if (text.charCodeAt(end) !== newline || wide < 60 || wide > 76) return at
    at = end
    line = at + 1
  }
}

function startOfUrl(text: string, data: number): number {
  const start = text.lastIndexOf('data:', data)
  return start >= 0 && data - start < 120 ? start : data
}

/** A long run of letters may be anything else: data has all three kinds. */
function isData(run: string): boolean {
  return [/[a-z]/, /[A-Z]/, /\d/].every(kind => kind.test(run))
}
