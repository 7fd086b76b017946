import { Refused } from '../../src/errors.ts'
import type { Call } from './calls.ts'

/** Where Discord keeps what people attach. */
const ownHosts = ['cdn.discordapp.com', 'media.discordapp.net']

/**
 * Fetches what somebody attached, from Discord alone: a URL from elsewhere, a redirect, and what is larger than `most` bytes throw
 * Refused, and so does what Discord keeps no longer. `apiUrl` is another server of Discord's API, which may keep the files as well.
 */
export function createFetchFile(call: Call, apiUrl: string | undefined) {
  const own = apiUrl ? new URL(apiUrl) : undefined

  function check(ref: string): URL {
    const url = URL.parse(ref)
    const isDiscords = url?.protocol === 'https:' && url.port === '' && ownHosts.includes(url.hostname)
    if (!url || !(isDiscords || (own && url.origin === own.origin))) throw new Refused('this attachment is not one of Discord')
    return url
  }

  /** A link holds for about a day (its `ex` says until when, in hexadecimal seconds), a message for ever. */
  async function refresh(url: URL): Promise<URL> {
    const answer = await call('POST', '/attachments/refresh-urls', { body: { attachment_urls: [url.href] } })
    const [found] = (answer as { refreshed_urls?: { refreshed?: string }[] }).refreshed_urls ?? []
    if (!found?.refreshed) throw new Refused(noLongerKept)
    return check(found.refreshed)
  }

  return async (ref: string, most: number, signal: AbortSignal): Promise<Uint8Array> => {
    const url = check(ref)
    const found = isExpired(url) ? undefined : await download(url, most, signal)
    const data = found ?? (await download(await refresh(url), most, signal))
    if (!data) throw new Refused(noLongerKept)
    return data
  }
}

const noLongerKept = 'Discord no longer keeps this attachment'

function isExpired(url: URL): boolean {
  const until = Number.parseInt(url.searchParams.get('ex') ?? '', 16)
  return until * 1000 < Date.now()
}

/** What a link that has expired, was altered, or leads to nothing is answered with. */
const noLonger = [401, 403, 404, 410]

/** Undefined if the link no longer holds. */
async function download(url: URL, most: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const response = await fetch(url, { signal, redirect: 'manual' })
  try {
    if (noLonger.includes(response.status)) return undefined
    if (response.status >= 300 && response.status < 400) throw new Refused('this attachment has moved away from Discord')
    if (!response.ok) throw new Error(`no attachment from Discord: it answered with ${response.status}`)
    if (Number(response.headers.get('content-length')) > most) throw tooLarge(most)
    return await read(response, most)
  } finally {
    if (response.body && !response.bodyUsed) await response.body.cancel()
  }
}

async function read({ body }: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (most: number) => new Refused(`this attachment is larger than ${most} bytes`)
