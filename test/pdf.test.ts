import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readPdf } from '../src/media/pdf.ts'
import { aPdf, catalog, lockedPdf, pdfOf, stream } from './pdf.ts'

const never = new AbortController().signal
const read = (data: Uint8Array, mostChars = 30_000, signal = never) => readPdf(data, mostChars, signal)

describe('the words of a PDF', () => {
  test('are those of its pages, in their order', async () => {
    const pages = ['Rooms from 90 (breakfast included)\nPool: 7 to 22', 'Second page']
    expect(await read(aPdf(pages))).toEqual({ words: pages.join('\n\n'), pages: 2, whole: true })
  })

  test('are Chinese where its font says what its codes mean', async () => {
    expect(await read(aPdf(['酒店价格：每晚 299 元\n含早餐'], 'to-unicode'))).toMatchObject({
      words: '酒店价格：每晚 299 元\n含早餐',
    })
  })

  test.each([
    ['UniGB-UCS2-H', '酒店 299 元', '酒店 299 元'],
    ['GBK-EUC-H', 'bec6b5ea20323939d4aa', '酒店 299元'],
    ['ETen-B5-V', 'aec8a9b1', '旅店'],
    ['90ms-RKSJ-H', '838083578b9e', 'ムジ京'],
    ['KSCms-UHC-H', 'c8a3c5da', '호텔'],
  ])('are found without the font itself, by %s', async (encoding, text, words) => {
    expect(await read(aPdf([text], encoding))).toMatchObject({ words })
  })

  test('are nothing rather than wrong where nobody can know them', async () => {
    expect(await read(aPdf(['0d1a0e2b'], 'Identity-H'))).toBe('scanned')
  })

  test('are read as far as they are wanted', async () => {
    const reading = await read(
      aPdf(Array.from({ length: 9 }, (_, page) => `page ${page}\n${'word word word word\n'.repeat(10)}`)),
      500,
    )
    expect(reading).toMatchObject({ pages: 3, whole: false })
    expect(typeof reading === 'object' && reading.words.length).toBeGreaterThan(500)
  })

  test('are read up to page 200', async () => {
    const pages = Array.from({ length: 203 }, (_, page) => `page ${page + 1}`)
    expect(await read(aPdf(pages))).toEqual({ words: pages.slice(0, 200).join('\n\n'), pages: 200, whole: false })
  })
})

describe('why a PDF says nothing', () => {
  const image = '<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8'
  test.each<[string, Buffer, string]>([
    ['a password', lockedPdf, 'locked'],
    ['only its beginning is there', aPdf(['Hello']).subarray(0, 200), 'broken'],
    ['it is none', Buffer.from('%PDF-1.7\nnot really'), 'broken'],
    [
      'its pages are pictures',
      pdfOf([
        catalog,
        '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << /XObject << /Im 4 0 R >> >> /Contents 5 0 R >>',
        stream('\x80', image.slice(2)),
        stream('9 0 0 9 0 0 cm /Im Do'),
      ]),
      'scanned',
    ],
  ])('%s', async (_, data, why) => {
    expect(await read(data)).toBe(why)
  })
})

describe('a PDF that means harm', { timeout: 90_000 }, () => {
  const page = (content: Buffer, more = '') =>
    pdfOf([
      catalog,
      '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << ${more} >> /Contents 4 0 R >>`,
      content,
    ])
  const packed = deflateSync(Buffer.alloc(500_000_000, ' '), { level: 1 })

  test.each<[string, Buffer]>([
    ['unpacks to half a gigabyte', page(stream(packed, '/Filter /FlateDecode'))],
    ['unpacks twice', page(stream(deflateSync(packed), '/Filter [/FlateDecode /FlateDecode]'))],
  ])('%s: it is given up, while everything else goes on', async (_, data) => {
    let ticks = 0
    const clock = setInterval(() => ticks++, 5)
    const before = process.memoryUsage.rss()
    expect(await read(data)).toBe('heavy')
    clearInterval(clock)
    expect(ticks).toBeGreaterThan(20)
    expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000)
  })

  test.each<[string, Buffer]>([
    [
      'claims two billion pages',
      pdfOf([catalog, '<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>', '<< /Type /Page /Parent 2 0 R >>']),
    ],
    ['is its own page', pdfOf([catalog, `<< /Type /Pages /Kids [${'2 0 R '.repeat(50_000)}] /Count 900000 >>`])],
    ['nests a million lists', pdfOf([`<< /Type /Catalog /Pages 2 0 R /A ${'['.repeat(1_000_000)} >>`, '<< >>'])],
    ['nests a million operands', page(stream('['.repeat(1_000_000)))],
  ])('%s: it is nothing', async (_, data) => {
    expect(['scanned', 'broken', 'heavy']).toContain(await read(data))
  })

  test('what takes too long is given up', async () => {
    expect(await readPdf(aPdf(['Hello']), 30_000, never, 1)).toBe('heavy')
  })

  test('the process ends itself, should nobody end it', () => {
    const program = join(import.meta.dirname, '../src/media/pdf-program.ts')
    const reading = (mostCpuMs: string) =>
      spawnSync(process.execPath, [program, import.meta.resolve('unpdf'), '30000', mostCpuMs], { input: aPdf(['Hello']) })
    expect(reading('1').signal).toBe('SIGKILL')
    expect(JSON.parse(reading('60000').stdout.toString())).toMatchObject({ words: 'Hello' })
  })

  test('a stop ends the waiting for others too', async () => {
    const [stop, end] = [new AbortController(), new AbortController()]
    let done = 0
    const bomb = page(stream(packed, '/Filter /FlateDecode'))
    const others = [1, 2].map(() =>
      read(bomb, 30_000, end.signal).then(
        () => done++,
        () => done++,
      ),
    )
    const waiting = read(aPdf(['Hello']), 30_000, stop.signal)
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
    expect(done).toBe(0)
    end.abort()
    await Promise.all(others)
  })

  test('a stop ends the reading at once', async () => {
    const stop = new AbortController()
    const reading = read(page(stream(packed, '/Filter /FlateDecode')), 30_000, stop.signal)
    setTimeout(() => stop.abort(new Error('stopped')), 50)
    await expect(reading).rejects.toThrow('stopped')
  })
})
