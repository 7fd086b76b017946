import { z } from 'zod'
import type { Settings } from './settings.ts'

export interface Hit {
  title: string
  url: string
  summary: string
}

const hit = z.object({ title: z.string().default(''), url: z.string() })
const searxng = z.object({ results: z.array(hit.extend({ content: z.string().nullish() })).default([]) })
const brave = z.object({
  web: z.object({ results: z.array(hit.extend({ description: z.string().nullish() })).default([]) }).default({ results: [] }),
})
const timeoutMs = 15_000

/** Asks SearXNG, else Brave. Throws with what the operator has to set when neither is set. */
export async function search(settings: Settings, query: string, count: number, signal: AbortSignal): Promise<Hit[]> {
  const { searxng: base, braveKey, braveUrl } = settings
  if (base) {
    const url = new URL('search', base.endsWith('/') ? base : `${base}/`)
    url.search = String(new URLSearchParams({ q: query, format: 'json' }))
    const { results } = read(searxng, await ask(url, {}, signal))
    return results.slice(0, count).map(({ title, url, content }) => ({ title, url, summary: plain(content ?? '') }))
  }
  if (braveKey) {
    const url = new URL('/res/v1/web/search', braveUrl)
    url.search = String(new URLSearchParams({ q: query, count: String(count) }))
    const { web } = read(brave, await ask(url, { 'x-subscription-token': braveKey }, signal))
    return web.results
      .slice(0, count)
      .map(({ title, url, description }) => ({ title: plain(title), url, summary: plain(description ?? '') }))
  }
  throw new Error('no search is set up here: the operator sets SEARXNG_URL (with its JSON format on) or BRAVE_API_KEY')
}

async function ask(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<unknown> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const response = await fetch(url, { headers: { accept: 'application/json', ...headers }, signal: within }).catch(
    () => undefined,
  )
  signal.throwIfAborted()
  if (!response) throw new Error('the search could not be reached: try again later')
  if (response.status === 429) throw new Error('the search is used up for now (HTTP 429): try again later')
  if (response.status === 401 || response.status === 403)
    throw new Error(
      `the search does not let us in (HTTP ${response.status}): the operator checks the key, or the JSON format of SearXNG`,
    )
  if (!response.ok) throw new Error(`the search failed (HTTP ${response.status}): try again later`)
  return response.json().catch(() => undefined)
}

function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const { data } = schema.safeParse(answer)
  if (data === undefined) throw new Error('the search answered with something else than results')
  return data
}

function plain(text: string): string {
  return text
    .slice(0, 3000)
    .replace(/<[^>]*>/g, '')
    .slice(0, 500)
}
