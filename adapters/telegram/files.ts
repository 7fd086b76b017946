import { open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type Api, InputFile } from 'grammy/web'
import type { OutFile } from '../../src/adapter.ts'
import { Refused } from '../../src/errors.ts'
import { networkReason, type Signal, within } from './errors.ts'

/** Sizes are those of core.telegram.org/bots/api#sending-files. */
const megabyte = 1024 * 1024
const largestPicture = 10 * megabyte
const largestFile = 50 * megabyte
/** A `telegram-bot-api --local` takes so much (core.telegram.org/bots/api#using-a-local-bot-api-server). */
const largestOwnFile = 2000 * megabyte

/** A GIF is none: as a picture it would stand still. */
export function isPicture({ mime, data }: OutFile): boolean {
  return ['image/jpeg', 'image/png', 'image/webp'].includes(mime) && data.length <= largestPicture
}

/** Throws Refused. */
export function checkSize({ data }: OutFile, ownServer: boolean): void {
  const most = ownServer ? largestOwnFile : largestFile
  if (data.length > most) throw new Refused(`Telegram takes files of at most ${most / megabyte} MB`)
}

/** grammY writes the name into a header without quotes. */
export function toInputFile({ name, data }: OutFile): InputFile {
  return new InputFile(data, name.replace(/[\p{Control};"\\/]/gu, '_'))
}

/** How much longer than another call it may take: over a line of 1 Mbit/s it does. */
export const uploadMs = ({ data }: OutFile) => Math.ceil(data.length / 125)

export interface FetchOptions {
  api: Api
  token: string
  /** Of a Bot API server of one's own. */
  apiRoot: string | undefined
  call<T>(make: (signal: Signal) => Promise<T>, ms?: number): Promise<T>
}

/** How much longer than another call it may take until a server of Telegram has the file, and then until we have it. */
const fetchMs = 50_000

/** What a person attached. No error holds the address, in which the token is. Throws Refused. */
export function createFetchFile({ api, token, apiRoot, call }: FetchOptions) {
  return async (ref: string, most: number, signal: AbortSignal): Promise<Uint8Array> => {
    signal.throwIfAborted()
    const { file_path: path, file_size: bytes = 0 } = await call(mine => api.getFile(ref, either(mine, signal)), fetchMs).catch(
      sayTooBig,
    )
    signal.throwIfAborted()
    if (path === undefined) throw new Refused(tooBig)
    if (bytes > most) throw tooMuch(most)
    if (apiRoot !== undefined && isAbsolute(path)) return readOwn(path, most, signal)
    const url = `${apiRoot ?? 'https://api.telegram.org'}/file/bot${token}/${path.split('/').map(encodeURIComponent).join('/')}`
    return download(url, most, within(fetchMs, signal)).finally(() => signal.throwIfAborted())
  }
}

const tooBig = 'Telegram hands bots files of at most 20 MB'
const tooMuch = (most: number) => new Refused(`the file is larger than ${most} bytes`)
const either = (one: Signal, other: AbortSignal) => AbortSignal.any([one as AbortSignal, other]) as Signal

function sayTooBig(error: unknown): never {
  throw error instanceof Refused && error.message.includes('file is too big') ? new Refused(tooBig) : error
}

async function download(url: string, most: number, signal: Signal): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: signal as AbortSignal })
    if (!response.ok) throw new DownloadFailed(response.status)
    return await collect(response.body ?? [], most)
  } catch (error) {
    if (error instanceof Refused) throw error
    if (error instanceof DownloadFailed && error.status === 404) throw new Refused('Telegram has this file no longer')
    throw new Error(
      `a file could not be fetched from Telegram: ${error instanceof DownloadFailed ? error.status : networkReason(error)}`,
    )
  }
}

class DownloadFailed extends Error {
  readonly status: number
  constructor(status: number) {
    super()
    this.status = status
  }
}

/** A `telegram-bot-api --local` names the file on its own disk, in a folder named after the token. */
async function readOwn(path: string, most: number, signal: AbortSignal): Promise<Uint8Array> {
  try {
    await using file = await open(path)
    return await collect(file.createReadStream({ signal, end: most, autoClose: false }), most)
  } catch (error) {
    if (error instanceof Refused) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw new Error(`a file of the server at TELEGRAM_API_ROOT cannot be read here (${code}): both need the same folder`)
  }
}

async function collect(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > most) throw tooMuch(most)
    all.push(chunk)
  }
  return Buffer.concat(all)
}
