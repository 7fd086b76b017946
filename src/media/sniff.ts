/** What a file is, by its own bytes: what its sender says of it is not believed. */
export interface Sort {
  mime: string
  /** Endings of names that fit, the usual one first; of a binary file of unknown sort none but `bin`, so that nothing can be run by a click. */
  endings: readonly [string, ...string[]]
}

type Mark = [offset: number, latin1: string]

/** In this order: the narrower mark before the wider one. */
const sorts: [mime: string, endings: Sort['endings'], ...marks: Mark[]][] = [
  ['image/png', ['png'], [0, '\x89PNG\r\n\x1a\n']],
  ['image/jpeg', ['jpg', 'jpeg'], [0, '\xff\xd8\xff']],
  ['image/gif', ['gif'], [0, 'GIF87a']],
  ['image/gif', ['gif'], [0, 'GIF89a']],
  ['image/webp', ['webp'], [0, 'RIFF'], [8, 'WEBP']],
  ['image/avif', ['avif'], [4, 'ftypavif']],
  ['image/heic', ['heic'], [4, 'ftyphei']],
  ['image/heic', ['heic'], [4, 'ftypmif1']],
  ['audio/mp4', ['m4a'], [4, 'ftypM4A']],
  ['video/quicktime', ['mov'], [4, 'ftypqt']],
  ['video/mp4', ['mp4', 'm4v'], [4, 'ftyp']],
  ['video/webm', ['webm', 'mkv'], [0, '\x1a\x45\xdf\xa3']],
  ['video/x-msvideo', ['avi'], [0, 'RIFF'], [8, 'AVI ']],
  ['audio/ogg', ['ogg', 'oga', 'opus'], [0, 'OggS']],
  ['audio/wav', ['wav'], [0, 'RIFF'], [8, 'WAVE']],
  ['audio/flac', ['flac'], [0, 'fLaC']],
  ['audio/mpeg', ['mp3'], [0, 'ID3']],
  ...['\xfb', '\xfa', '\xf3', '\xf2'].map(layer => ['audio/mpeg', ['mp3'], [0, `\xff${layer}`]] as [string, ['mp3'], Mark]),
  ['application/pdf', ['pdf'], [0, '%PDF-']],
  ['application/zip', ['zip', 'docx', 'xlsx', 'pptx', 'odt', 'ods', 'odp', 'epub'], [0, 'PK\x03\x04']],
  ['application/gzip', ['gz', 'tgz'], [0, '\x1f\x8b']],
]

/** No ending that a double click would run or open as a page. */
const text: Sort = {
  mime: 'text/plain',
  endings: [
    'txt',
    'md',
    'csv',
    'tsv',
    'json',
    'jsonl',
    'xml',
    'yaml',
    'yml',
    'toml',
    'log',
    'srt',
    'vtt',
    'ics',
    'sql',
    'ts',
    'css',
  ],
}
const unknown: Sort = { mime: 'application/octet-stream', endings: ['bin'] }

export function sniff(data: Uint8Array): Sort {
  const start = Buffer.from(data.subarray(0, 32)).toString('latin1')
  const found = sorts.find(([, , ...marks]) => marks.every(([offset, mark]) => start.startsWith(mark, offset)))
  if (found) return { mime: found[0], endings: found[1] }
  return readText(data) === undefined ? unknown : text
}

/** The words of a text in UTF-8, in UTF-16 that says so, or in GBK, as Windows writes it in China; undefined for anything else. */
export function readText(data: Uint8Array): string | undefined {
  const wide = data[0] === 0xff && data[1] === 0xfe ? 'utf-16le' : data[0] === 0xfe && data[1] === 0xff ? 'utf-16be' : undefined
  const text = wide
    ? decode(data, wide)
    : (decode(data, 'utf-8') ?? (isLikelyChinese(data) ? decode(data, 'gb18030') : undefined))
  return text !== undefined && isText(text) ? text : undefined
}

/** Below the space only tab, line ends, page ends, and the escape that colours logs. */
const isOfText = (code: number) => code >= 32 || [9, 10, 12, 13, 27].includes(code)

function isText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isOfText(text.charCodeAt(at))) return false
  return true
}

function decode(data: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(data)
  } catch {
    return undefined
  }
}

/**
 * GBK takes nearly any two bytes for a character, so that words in other encodings can be read as one: here three of four must be common,
 * which are punctuation and the 3755 of GB 2312's level 1.
 */
function isLikelyChinese(data: Uint8Array): boolean {
  let common = 0
  let all = 0
  for (let at = 0; at < Math.min(data.length, enoughToTell); at++) {
    const first = data[at] ?? 0
    const second = data[at + 1] ?? 0
    if (first < 0x80) continue
    const isCommon = second >= 0xa1 && ((first >= 0xa1 && first <= 0xa3) || (first >= 0xb0 && first <= 0xd7))
    if (isCommon) common++
    all++
    at += second < 0x40 ? 3 : 1
  }
  return common >= all * 0.75
}

const enoughToTell = 100_000

/** The pictures that vision models take; every endpoint takes these four. */
export const isPicture = (mime: string) => /^image\/(png|jpeg|gif|webp)$/.test(mime)
