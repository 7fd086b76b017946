import type { Adapter, Outgoing } from './adapter.ts'

/**
 * A text without the secrets in it. Of one that still `grows`, an end that may be the beginning of a secret is left out, so that nobody
 * reads half of one before the rest of it comes.
 */
export type Redact = (text: string, grows?: boolean) => string

/** Shorter ones would blot out plain words. */
const shortest = 8
const hidden = '[hidden]'

/** What the keys of well-known services begin with and look like; of the longer ones the number at the end is what their makers tell. */
const shapes: [RegExp, string][] = [
  // OpenAI, Anthropic and those who imitate them: a digit tells a key from hyphenated words.
  [/(?<![A-Za-z0-9])sk-(?=[\w-]{0,200}\d)[\w-]{20,}/g, hidden],
  [/(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[\w-]{10,}/g, hidden], // Slack
  [/(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/g, hidden],
  [/(?<![A-Za-z0-9])bhk_[\w-]{43}(?![\w-])/g, hidden], // Bellhop's own
  [/(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])/g, hidden], // Telegram
  [/(?<![\w-])[MNO][\w-]{23,27}\.[\w-]{6,7}\.[\w-]{27,}/g, hidden], // Discord
  [/(?<![A-Za-z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g, hidden], // AWS
  [/(?<![A-Za-z0-9])AIza[\w-]{35}/g, hidden], // Google
  [/\b(Bearer\s+)(?=[\w.~+/-]{0,200}\d)[\w.~+/-]{16,}=*/gi, `$1${hidden}`],
  // To its end; of one that was cut off, the lines of base64.
  [
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?:(?!-----)[^"])*-----END [A-Z ]{0,30}PRIVATE KEY-----|(?:\\[nr]|\s|[A-Za-z0-9+/=]{16,})*)/g,
    hidden,
  ],
]

/** The same, of which only the beginning is there. */
const beginnings = [
  /(?<![A-Za-z0-9])(?:sk-|xox[a-z]-|xapp-|gh[pousr]_|github_pat_|bhk_|A(?:KIA|SIA|Iza))[\w-]*$/,
  /(?<!\d)\d{8,10}:[\w-]*$/,
  /(?<![\w-])[MNO][\w-]{23,27}\.[\w.-]*$/,
  /\bBearer\s+[\w.~+/-]*=*$/i,
]
/** Longer than any of those keys. */
const lookBack = 1000
const openKey = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?![\s\S]*-----END [A-Z ]{0,30}PRIVATE KEY-----)/
/** Of a known secret; fewer letters end too many words. */
const shortestBeginning = 4

/** Hides these secrets, of at least 8 characters each, and whatever looks like a key of a well-known service. Done twice, it changes nothing more. */
export function createRedact(secrets: string[]): Redact {
  const known = [...new Set(secrets.flatMap(spellings))].filter(({ length }) => length >= shortest)
  known.sort((a, b) => b.length - a.length)
  const pattern = known.length > 0 ? new RegExp(known.map(RegExp.escape).join('|'), 'g') : undefined
  return (text, grows = false) => {
    if (text === '') return text // most of what is rendered while tools run
    const whole = grows ? text.slice(0, openKey.exec(text)?.index) : text
    const unknown = pattern ? whole.replace(pattern, hidden) : whole
    const shown = shapes.reduce((rest, [shape, instead]) => rest.replace(shape, instead), unknown)
    return grows ? shown.slice(0, heldFrom(shown, known)) : shown
  }
}

/** As it stands in a sentence, in an address, and in JSON. */
function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)]
}

/** Where an end begins that may become a secret. */
function heldFrom(text: string, known: string[]): number {
  const from = Math.max(0, text.length - lookBack)
  const end = text.slice(from)
  const begun = beginnings.flatMap(beginning => beginning.exec(end)?.index ?? []).map(at => from + at)
  const ofKnown = known.map(secret => text.length - overlap(text, secret))
  return Math.min(text.length, ...begun, ...ofKnown)
}

/** How many letters at the end of the text are the first of the secret. */
function overlap(text: string, secret: string): number {
  for (let count = Math.min(secret.length - 1, text.length); count >= shortestBeginning; count--) {
    if (text.endsWith(secret.slice(0, count))) return count
  }
  return 0
}

/** They show what follows backwards, so that an address or the name of a file looks like another one; no language needs them. */
const overrides = /[\u202d\u202e]/g

/** As it may be shown to people. */
export const redactedText = (text: string, redact: Redact) => redact(text).replace(overrides, '')

/** The same adapter, which says no secret, whoever speaks by it; nor posts a file of text that holds one. */
export function discreet(adapter: Adapter, redact: Redact): Adapter {
  const safe = ({ text, buttons, ...out }: Outgoing): Outgoing => ({
    ...out,
    text: redactedText(text, redact),
    buttons: buttons.map(button => ({ ...button, label: redact(button.label) })),
  })
  const { postFile, tell } = adapter
  const speech: Pick<Adapter, 'post' | 'edit' | 'postFile' | 'tell'> = {
    post: (conversation, out, ...where) => adapter.post(conversation, safe(out), ...where),
    edit: (conversation, id, out) => adapter.edit(conversation, id, safe(out)),
    ...(tell && {
      tell: (conversation, replyTo, event) => tell(conversation, replyTo, inAllTexts(event, redact)),
    }),
    ...(postFile && {
      postFile: (conversation, file, ...where) =>
        postFile(conversation, { ...file, name: redact(file.name), data: redactData(file.mime, file.data, redact) }, ...where),
    }),
  }
  return Object.assign(Object.create(adapter) as Adapter, speech) // what it tells of itself may change, such as its address
}

/** Of plain JSON: in every text of it, the names of its fields too. */
export function inAllTexts<T>(value: T, redact: Redact): T {
  const visit = (one: unknown): unknown => {
    if (typeof one === 'string') return redact(one)
    if (Array.isArray(one)) return one.map(visit)
    if (typeof one !== 'object' || one === null) return one
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [redact(name), visit(inner)]))
  }
  return visit(value) as T
}

/** The very bytes, where there is nothing to hide. */
export function redactData(mime: string, data: Uint8Array, redact: Redact): Uint8Array {
  if (!mime.startsWith('text/')) return data
  const text = new TextDecoder().decode(data)
  const safe = redact(text)
  return safe === text ? data : new TextEncoder().encode(safe)
}
