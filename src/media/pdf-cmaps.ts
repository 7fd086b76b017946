/** The part of a CMap's name by which its encoding is known, by the name of that encoding in the Encoding Standard. */
const encodings: [RegExp, string][] = [
  [/^GB(K|Kp|pc)?-EUC-|^GBK2K-/, 'gbk'],
  [/^(ETen|ETenms|HKscs)-B5-|^B5pc-/, 'big5'],
  [/-RKSJ-/, 'shift_jis'],
  [/^EUC-[HV]$/, 'euc-jp'],
  [/^KSC(ms|pc)?-(EUC|UHC)/, 'euc-kr'],
]

/**
 * The predefined CMaps by which the text of a Chinese, Japanese or Korean PDF is found that embeds no font, as those of many printers and
 * invoices. The library comes without Adobe's tables of 5 MB, but a text needs none: here the number of a character in its font (the CID) is
 * its Unicode, which makes the way back, `Adobe-GB1-UCS2` and its like, one to one. Only characters of the basic plane are known.
 * To be given as `BinaryDataFactory`, with `cMapPacked: false`, anew for each document. Throws for what it does not know.
 */
export function createCMaps() {
  /** The way back is right only for characters that came this way: a font may number them as Adobe does. */
  let ours = false

  function draw(name: string): string | undefined {
    if (/^Adobe-\w+-UCS2$/.test(name)) return ours ? wayBack : undefined
    const encoding = encodings.find(([pattern]) => pattern.test(name))?.[1]
    const isUnicode = /^Uni\w+-(UCS2|UTF16)-/.test(name)
    if (!isUnicode && encoding === undefined) return undefined
    ours = true
    return `/WMode ${name.endsWith('V') ? 1 : 0} def\n${encoding === undefined ? oneToOne : drawEncoding(encoding)}`
  }
  return {
    async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
      const cmap = kind === 'cMapUrl' ? draw(filename) : undefined
      if (cmap === undefined) throw new Error(`there is no ${filename}`)
      return Buffer.from(cmap, 'latin1')
    },
  }
}

const hex = (number: number, digits = 4) => `<${number.toString(16).padStart(digits, '0')}>`
const section = (what: string, lines: string[]) => `${lines.length} begin${what}\n${lines.join('\n')}\nend${what}\n`
const rows = Array.from({ length: 256 }, (_, row) => row * 256)

const twoBytes = section('codespacerange', ['<0000> <ffff>'])
const oneToOne = twoBytes + section('cidrange', ['<0000> <ffff> 0'])
const wayBack =
  twoBytes +
  section(
    'bfrange',
    rows.map(row => `${hex(row)} ${hex(row + 255)} ${hex(row)}`),
  )

/** One byte, or two of which the second is 40 or more, as in all of these encodings. */
function drawEncoding(encoding: string): string {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const spaces: string[] = []
  const characters: string[] = []
  const add = (code: number, bytes: number[]) => {
    const unit = decodeUnit(decoder, bytes)
    if (unit !== undefined) characters.push(`${hex(code, bytes.length * 2)} ${unit}`)
    return unit !== undefined
  }
  for (let first = 0; first < 256; first++) {
    if (add(first, [first])) spaces.push(`${hex(first, 2)} ${hex(first, 2)}`)
    else {
      spaces.push(`${hex(first * 256 + 0x40)} ${hex(first * 256 + 0xfe)}`)
      for (let second = 0x40; second <= 0xfe; second++) add(first * 256 + second, [first, second])
    }
  }
  return section('codespacerange', spaces) + section('cidchar', characters)
}

function decodeUnit(decoder: InstanceType<typeof TextDecoder>, bytes: number[]): number | undefined {
  try {
    const text = decoder.decode(Uint8Array.from(bytes))
    return text.length === 1 ? text.charCodeAt(0) : undefined
  } catch {
    return undefined
  }
}
