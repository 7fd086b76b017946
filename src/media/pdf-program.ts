import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { getDocumentProxy } from 'unpdf'
import { createCMaps } from './pdf-cmaps.ts'

// A program of its own: a PDF comes in by standard input, a `PdfReading` goes out as JSON; it kills itself when that would take too much.
// It is told where the library is, since it may not look around.

/** What a PDF says, from its first page on: as many `pages` as were read, which is all of them where it is `whole`; or why it says nothing. */
export type PdfReading = { words: string; pages: number; whole: boolean } | 'locked' | 'broken' | 'scanned'

/** Node and the library take 120 MB by themselves, and a stream of 5 MB may hold thousands of times as much. */
const mostResidentBytes = 350_000_000
const mostHeapMegabytes = 200
const mostPages = 200

const options = { verbosity: 0, cMapUrl: 'drawn/', cMapPacked: false, BinaryDataFactory: createCMaps }

const [library = '', ...numbers] = process.argv.slice(2)
const [mostChars = 0, mostCpuMs = 0] = numbers.map(Number)
/** No other page is begun after so long: some words are better than none. */
const turnPagesMs = mostCpuMs / 2

if (isMainThread) await guard()
else parentPort?.postMessage(await read(workerData))

/** The reading is done in a thread, since nothing in a thread that is busy could stop it; buffers do not count as its heap. */
async function guard(): Promise<void> {
  setInterval(() => {
    if (process.memoryUsage.rss() > mostResidentBytes || cpuMs() > mostCpuMs) giveUp()
  }, 10)
  const data = new Uint8Array(Buffer.concat(await Array.fromAsync(process.stdin)))
  const resourceLimits = { maxOldGenerationSizeMb: mostHeapMegabytes }
  const thread = new Worker(import.meta.filename, {
    workerData: data,
    argv: process.argv.slice(2),
    transferList: [data.buffer],
    resourceLimits,
  })
  thread.on('message', (reading: PdfReading) => process.stdout.write(JSON.stringify(reading), () => process.exit()))
  thread.on('error', (error: Error) => {
    if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') giveUp()
    throw error
  })
}

/** Of all threads: a machine that is busy with other things takes longer, but not more. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** At once, whatever the thread does. */
function giveUp(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('still here')
}

type Document = Awaited<ReturnType<typeof getDocumentProxy>>

async function read(data: Uint8Array): Promise<PdfReading> {
  const unpdf: typeof import('unpdf') = await import(library)
  try {
    return await readPages(await unpdf.getDocumentProxy(data, options))
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    if (!name.endsWith('Exception')) throw error // it is not about the document
    return name === 'PasswordException' ? 'locked' : 'broken'
  }
}

async function readPages(pdf: Document): Promise<PdfReading> {
  const texts: string[] = []
  let chars = 0
  let pages = 0
  let broken = 0
  while (pages < Math.min(pdf.numPages, mostPages) && chars <= mostChars && (pages === 0 || cpuMs() < turnPagesMs)) {
    const text = await readPage(pdf, ++pages, mostChars - chars)
    if (text === undefined) broken++
    chars += text?.length ?? 0
    texts.push(tidy(text ?? ''))
  }
  const words = texts.filter(text => text !== '').join('\n\n')
  if (words === '') return broken > 0 ? 'broken' : 'scanned'
  return { words, pages, whole: pages === pdf.numPages && chars <= mostChars }
}

/** A few more than `enough` characters of a page, if it has them; undefined when the page is broken. */
async function readPage(pdf: Document, number: number, enough: number): Promise<string | undefined> {
  let text = ''
  try {
    const page = await pdf.getPage(number)
    const reader = page.streamTextContent().getReader()
    while (text.length <= enough) {
      const { done, value } = await reader.read()
      if (done) break
      for (const item of value.items) if ('str' in item) text += item.str + (item.hasEOL ? '\n' : '')
    }
    void reader.cancel(new Error('enough')).catch(() => {})
    page.cleanup()
  } catch {
    if (text === '') return undefined
  }
  return text
}

/** With one blank line at most. */
function tidy(text: string): string {
  const lines = text.replace(/[^\S\n]+/g, ' ').replace(/ ?\n ?/g, '\n')
  return lines.replace(/\n{3,}/g, '\n\n').trim()
}
