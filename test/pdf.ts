/** How a page's text is written: by a font that every reader has, by one that says what its codes mean, or by one that is not embedded. */
export type Font = 'latin' | 'to-unicode' | (string & {})

/** A small PDF by hand: a page for each of `pages`, its lines below each other. */
export function aPdf(pages: string[], font: Font = 'latin', trailer = ''): Buffer {
  const kids = pages.map((_, index) => `${4 + index * 2} 0 R`)
  const objects = pages.flatMap((text, index) => [
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + index * 2} 0 R >>`,
    stream(
      `BT /F1 12 Tf 14 TL 72 720 Td ${text
        .split('\n')
        .map(line => `${spell(line, font)} Tj`)
        .join(' T* ')} ET`,
    ),
  ])
  const tree = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${pages.length} >>`
  const all = [catalog, tree, fontOf(font), ...objects]
  return pdfOf([...all, descendant(font), stream(toUnicode(pages.join('')))], trailer, all.length)
}

export const catalog = '<< /Type /Catalog /Pages 2 0 R >>'
export const stream = (data: string | Uint8Array, more = '') =>
  Buffer.concat([
    Buffer.from(`<< /Length ${data.length} ${more}>>\nstream\n`),
    Buffer.from(data as string, 'latin1'),
    Buffer.from('\nendstream'),
  ])

/** `objects` are numbered from 1; in them `DESCENDANT` and `MEANING` stand for the two numbers after `last`. */
export function pdfOf(objects: (string | Buffer)[], trailer = '', last = 0): Buffer {
  const parts = [Buffer.from('%PDF-1.7\n')]
  const offsets = objects.map((object, index) => {
    const offset = parts.reduce((sum, part) => sum + part.length, 0)
    const body =
      typeof object === 'string' ? object.replace('DESCENDANT', `${last + 1}`).replace('MEANING', `${last + 2}`) : object
    parts.push(
      Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(body as string, 'latin1'), Buffer.from('\nendobj\n')]),
    )
    return `${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const start = parts.reduce((sum, part) => sum + part.length, 0)
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`
  return Buffer.concat([
    ...parts,
    Buffer.from(`${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer}>>\nstartxref\n${start}\n%%EOF\n`),
  ])
}

/** The bytes of a line are its own, unless they are UTF-16: those of other encodings come as they are, in hexadecimal. */
function spell(line: string, font: Font): string {
  if (font === 'latin') return `(${line.replace(/[\\()]/g, '\\$&')})`
  return font === 'to-unicode' || font.startsWith('Uni') ? `<${utf16(line)}>` : `<${line}>`
}

function fontOf(font: Font): string {
  if (font === 'latin') return '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'
  const [encoding, meaning] = font === 'to-unicode' ? ['Identity-H', '/ToUnicode MEANING 0 R '] : [font, '']
  return `<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /${encoding} ${meaning}/DescendantFonts [DESCENDANT 0 R] >>`
}

function descendant(font: Font): string {
  const ordering = font === 'to-unicode' ? 'Identity' : 'GB1'
  return `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Song /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering}) /Supplement 2 >> >>`
}

const utf16 = (text: string) => Buffer.from(text, 'utf16le').swap16().toString('hex')

function toUnicode(text: string): string {
  const codes = [...new Set(text)].map(character => `<${utf16(character)}> <${utf16(character)}>`)
  return `begincmap\n1 begincodespacerange <0000> <ffff> endcodespacerange\n${codes.length} beginbfchar\n${codes.join('\n')}\nendbfchar\nendcmap`
}

const secret = `<${'00'.repeat(32)}>`

/** Nobody can open it without a word that nobody knows. */
export const lockedPdf = aPdf(
  ['secret'],
  'latin',
  `/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /O ${secret} /U ${secret} /P -4 >> `,
)
