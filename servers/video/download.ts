import { createWriteStream } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Guard, type Page, Refused } from '../guard.ts'
import { measure } from './probe.ts'
import { openProxy } from './proxy.ts'
import { idOf, type Shelf, type Video } from './shelf.ts'
import { type Cookies, type Fetched, fetchByYtDlp, type Limits, sizeSentence } from './ytdlp.ts'

export interface Downloader {
  /** From the shelf when it is there. `onProgress` hears a share between 0 and 1. Throws in words for people. */
  download(url: string, signal: AbortSignal, onProgress: (share: number) => void): Promise<Video>
}

interface DownloaderOptions {
  guard: Guard
  shelf: Shelf
  limits: Limits
  cookies: Cookies
}

/** Sites send what they know to browsers only. */
const userAgent = 'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36'

export function createDownloader({ guard, shelf, limits, cookies }: DownloaderOptions): Downloader {
  /** Where the redirects of an address lead, as short links do; a page that cannot be had is left to yt-dlp. */
  async function open(url: string, signal: AbortSignal): Promise<Page | undefined> {
    try {
      return await guard.get(url, { headers: { 'user-agent': userAgent, accept: '*/*' }, signal })
    } catch (error) {
      if (error instanceof Refused) throw error
      signal.throwIfAborted()
      return undefined
    }
  }

  async function fetchInto(
    room: string,
    url: string,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<Fetched> {
    guard.check(url)
    onProgress(0)
    const page = await open(url, AbortSignal.any([signal, AbortSignal.timeout(limits.timeoutMs)]))
    if (page && page.status < 400 && isMedia(page)) return save(page, room, limits, onProgress)
    page?.body.destroy()
    const proxy = await openProxy(guard)
    try {
      const plain = page ? page.url.href : url
      return await fetchByYtDlp({ url: plain, room, proxy: proxy.url, limits, cookies, signal, onProgress })
    } catch (error) {
      const refused = proxy.refused()
      throw refused === undefined || signal.aborted ? error : new Refused(refused)
    } finally {
      proxy.close()
    }
  }

  return {
    async download(url, signal, onProgress) {
      const there = shelf.byUrl(url)
      if (there) return there
      const room = shelf.room()
      try {
        const fetched = await fetchInto(room, url, signal, onProgress)
        return shelf.keep(url, { id: idOf(room), ...fetched, ...(await measure(fetched.file, room, limits, signal)) })
      } catch (error) {
        shelf.drop(room)
        throw error
      }
    },
  }
}

const mediaName = /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|3gp|ogv)$/i

function isMedia({ url, body }: Page): boolean {
  const type = body.headers['content-type'] ?? ''
  if (/mpegurl/i.test(type)) return false // a list of pieces
  return /^(video|audio)\//i.test(type) || (/^(application|binary)\/octet-stream/i.test(type) && mediaName.test(url.pathname))
}

async function save({ url, body }: Page, room: string, limits: Limits, onProgress: (share: number) => void): Promise<Fetched> {
  const name = nameIn(url)
  const file = join(room, `video${mediaName.test(name) ? extname(name).toLowerCase() : '.mp4'}`)
  const total = Number(body.headers['content-length'] ?? 0)
  const most = limits.mostMb * 1_000_000
  const late = setTimeout(
    () => body.destroy(new Error(`it took longer than ${limits.timeoutMs / 1000} seconds and was stopped`)),
    limits.timeoutMs,
  )
  let bytes = 0
  const count = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length
      if (total > 0) onProgress(Math.min(1, bytes / total))
      done(bytes > most ? new Error(sizeSentence(limits)) : null, piece)
    },
  })
  try {
    if (total > most) throw new Error(sizeSentence(limits))
    await pipeline(body, count, createWriteStream(file, { mode: 0o600 }))
  } finally {
    clearTimeout(late)
    body.destroy()
  }
  return { file, title: name }
}

function nameIn({ pathname }: URL): string {
  try {
    return basename(decodeURIComponent(pathname))
  } catch {
    return basename(pathname)
  }
}
