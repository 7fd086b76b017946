import type { FetchLike, OAuthClientProvider } from '@modelcontextprotocol/client'
import type { MachineAuth, ServerConfig } from '../config/servers.ts'
import type { Guard } from '../net/guard.ts'
import type { Owner } from '../toolbox.ts'
import { createMachine } from './machine.ts'
import { createSignIn, type SignIn } from './oauth.ts'
import type { SignIns } from './sign-ins.ts'
import { createWebFetch } from './web-fetch.ts'

/** By what a connection to a server on the web speaks. */
export interface Web {
  fetch: FetchLike
  authProvider?: OAuthClientProvider
}

export type WebFor = (config: ServerConfig, owner: Owner) => Web

export interface WebOptions {
  /** For what members have entered. */
  guard: Guard
  /** Absent: nobody can sign in, since nothing secret can be kept. */
  signIns?: SignIns
  /** Where browsers come back to. */
  redirectUrl: string
  clientMetadataUrl?: string
}

export function createWebs(options: WebOptions): WebFor {
  const fetchFor = createFetchFor(options.guard)
  return (config, owner) => {
    const fetch = fetchFor(owner)
    const { auth, transport } = config
    if (transport.kind !== 'stdio' && isMachine(auth)) return { fetch, authProvider: createMachine(auth, transport.url, fetch) }
    const signIn = signInFor(config, owner, fetch, options)
    return signIn ? { fetch: signIn.fetch, authProvider: signIn.provider } : { fetch }
  }
}

/** What the operator has written may lead anywhere, what anybody else has only outside. */
export function createFetchFor(guard: Guard): (owner: Owner) => FetchLike {
  const open = createWebFetch()
  return owner => (owner === 'house' ? open : (url, init) => guard.fetch(url, init))
}

function isMachine(auth: ServerConfig['auth']): auth is MachineAuth {
  return !['none', 'bearer', 'oauth'].includes(auth.type)
}

/** The sign-in of this owner to this server; undefined where there can be none. `onLink` is as in `SignInOptions`. */
export function signInFor(
  { name, transport, auth }: ServerConfig,
  owner: Owner,
  fetch: FetchLike,
  { signIns, redirectUrl, clientMetadataUrl }: WebOptions,
  onLink?: (link: URL) => void,
): SignIn | undefined {
  if (auth.type !== 'oauth' || transport.kind === 'stdio' || !signIns) return undefined
  const { clientId, clientSecret, scopes, dpop = false } = auth
  return createSignIn({
    store: signIns.of({ owner, server: name }),
    serverUrl: transport.url,
    redirectUrl,
    fetch,
    scopes,
    dpop,
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    ...(clientId !== undefined && { client: { id: clientId, ...(clientSecret !== undefined && { secret: clientSecret }) } }),
    ...(onLink && { onLink }),
  })
}
