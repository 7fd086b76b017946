import { readMemberServer } from './config/servers/member.ts'
import type { ServerConfig, ServersConfig } from './config/servers.ts'
import { webFault } from './mcp/faults.ts'
import type { Own } from './mcp/own.ts'
import type { SignInPlace } from './mcp/sign-ins.ts'
import { signInFor } from './mcp/web.ts'
import type { Author, Conversation } from './message.ts'
import type { NewsLine } from './queue/server-news.ts'

/** Where people are let in to servers: by `/mcp`, and by the page that their browser comes back to. */
export interface Desk {
  own: Own
  news: NewsLine
  /** As their file says now. Throws ConfigError when it cannot be read. */
  houseServers(): ServersConfig
}

/** Who wants to sign in, and where he is to be told of it. */
export interface Asked {
  conversation: Conversation
  author: Pick<Author, 'name' | 'locale'>
}

/** Undefined when there is none any more. */
export async function findServer({ own, houseServers }: Desk, { owner, server }: SignInPlace): Promise<ServerConfig | undefined> {
  if (owner === 'house') return houseServers().servers.find(({ name }) => name === server)
  const kept = (await own.kept?.members.of(owner))?.find(({ name }) => name === server)
  return kept && !kept.locked ? readMemberServer(kept.name, kept.url, kept.headers, own.plainHosts) : undefined
}

export type Begun = { link: URL } | { already: true } | { why: string }

/** Undefined when nobody signs in to this server. */
export async function beginSignIn(
  desk: Desk,
  config: ServerConfig,
  place: SignInPlace,
  asked: Asked,
): Promise<Begun | undefined> {
  const { own, news } = desk
  let link: URL | undefined
  const signIn = signInFor(config, place.owner, own.fetchFor(place.owner), own.web, found => {
    link = found
  })
  if (!signIn) return undefined
  try {
    await signIn.begin()
  } catch (error) {
    return { why: webFault(error, config, false).sentence }
  }
  if (link) {
    await own.kept?.signIns.of(place).set('asked', JSON.stringify(asked))
    return { link }
  }
  await news.send({ what: 'changed', ...place })
  return { already: true }
}

/** Who began the sign-in with this state, and to what; undefined when it is over. */
export async function findSignIn({ own: { kept } }: Desk, state: string): Promise<(SignInPlace & { asked: Asked }) | undefined> {
  const place = state === '' ? undefined : await kept?.signIns.find(state)
  const asked = place && (await kept?.signIns.of(place).get('asked'))
  return place && asked !== undefined ? { ...place, asked: JSON.parse(asked) as Asked } : undefined
}

/** Takes what the browser came back with, and has every worker connect anew. Throws when it is not the answer to the last link. */
export async function finishSignIn(desk: Desk, place: SignInPlace, callback: URLSearchParams): Promise<void> {
  const { own, news } = desk
  const config = await findServer(desk, place)
  const signIn = config && signInFor(config, place.owner, own.fetchFor(place.owner), own.web)
  if (!signIn) throw new Error('there is no such server any more')
  await signIn.finish(callback)
  await news.send({ what: 'changed', owner: place.owner, server: place.server })
}

/** What was pasted: the address that the browser came back to, what follows its question mark, or the code alone. */
export async function readPasted({ own }: Desk, place: SignInPlace, pasted: string): Promise<URLSearchParams> {
  const params = URL.parse(pasted)?.searchParams ?? new URLSearchParams(pasted.replace(/^\?/, ''))
  if (params.has('code') || params.has('error')) return params
  const state = await own.kept?.signIns.of(place).get('state')
  return new URLSearchParams({ code: pasted, ...(state !== undefined && { state }) })
}
