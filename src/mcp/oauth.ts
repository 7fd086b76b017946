import { randomBytes, timingSafeEqual } from 'node:crypto'
import {
  auth,
  checkResourceAllowed,
  type DpopSession,
  type FetchLike,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { openDpop } from './dpop.ts'

/** What is kept of one sign-in, of one owner to one server: a few texts, sealed by whoever keeps them. */
export interface SignInStore {
  get(name: string): Promise<string | undefined>
  set(name: string, value: string): Promise<void>
  remove(...names: string[]): Promise<void>
  /** Runs `work` while nobody else does, in any process. */
  alone<T>(work: () => Promise<T>): Promise<T>
}

export interface SignInOptions {
  store: SignInStore
  serverUrl: string
  /** Where the browser comes back to. */
  redirectUrl: string
  /** Where the authorization server finds who we are, if it asks there; else we register. */
  clientMetadataUrl?: string
  /** As the operator has registered us; wins over all else. */
  client?: { id: string; secret?: string }
  fetch: FetchLike
  /** What to ask for where the server does not say. */
  scopes?: string[]
  /** Tokens are bound to a key, which is kept with them (RFC 9449). */
  dpop?: boolean
  /** A person has to open this. Absent: nobody can, and the call fails; what the server wanted is kept for whoever can. */
  onLink?(link: URL): void
}

/** One sign-in. Its provider and its fetch belong into every transport to the server. */
export interface SignIn {
  provider: OAuthClientProvider
  fetch: FetchLike
  /** Signs in with what is kept, or has `onLink` called: then false. */
  begin(): Promise<boolean>
  /**
   * Takes what the browser came back with. Throws when it is not the answer to the last link, and when the authorization server refuses.
   */
  finish(callback: URLSearchParams): Promise<void>
}

/** A person is sent to sign in at most so often in a quarter of an hour: a server that always wants more is refused. */
const mostLinks = 3

export function createSignIn(options: SignInOptions): SignIn {
  const { store, serverUrl, redirectUrl, clientMetadataUrl, client, scopes = [] } = options
  const fetch = refreshAlone(store, options.fetch)
  const journey = createJourney(options)
  let dpop: Promise<DpopSession> | undefined
  const provider: OAuthClientProvider = {
    redirectUrl,
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    clientMetadata: {
      ...metadataOf(redirectUrl),
      token_endpoint_auth_method: client?.secret === undefined ? 'none' : 'client_secret_basic',
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    },
    ...createCredentials(options),
    ...journey.steps,
    validateResourceURL: onlyTo(serverUrl),
    ...(options.dpop && { dpop: () => (dpop ??= openDpop(store)) }),
  }
  return {
    provider,
    fetch,
    async begin() {
      return (await auth(provider, { serverUrl, fetchFn: fetch, ...(await journey.wanted()) })) === 'AUTHORIZED'
    },
    finish: callback =>
      journey.comeBack(callback, () =>
        new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider, fetch }).finishAuth(callback),
      ),
  }
}

/** Who we are to an authorization server that does not know us. */
export function metadataOf(redirectUrl: string) {
  return {
    client_name: 'Bellhop',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: /^https:/.test(redirectUrl) ? 'web' : 'native',
    token_endpoint_auth_method: 'none',
  }
}

/** Tokens go to their server and no other, whatever its metadata says (RFC 8707). */
export function onlyTo(serverUrl: string): NonNullable<OAuthClientProvider['validateResourceURL']> {
  return async (requested, resource) => {
    const ours = new URL(serverUrl)
    ours.hash = ''
    if (resource === undefined) return ours
    if (checkResourceAllowed({ requestedResource: requested, configuredResource: resource }))
      return Object.defineProperty(new URL(resource), 'href', { value: resource }) // letter by letter, with no slash added
    throw new Error(`it says that it is ${resource}, which is another server`)
  }
}

const inJson = (store: SignInStore) => ({
  async read<T>(name: string): Promise<T | undefined> {
    const json = await store.get(name)
    return json === undefined ? undefined : (JSON.parse(json) as T)
  },
  write: (name: string, value: unknown) => store.set(name, JSON.stringify(value)),
})

type Credentials = Pick<
  OAuthClientProvider,
  'clientInformation' | 'saveClientInformation' | 'tokens' | 'saveTokens' | 'invalidateCredentials'
>

/** Who we are to the authorization server, and what it has given us. */
function createCredentials({ store, client }: SignInOptions): Credentials {
  const { read, write } = inJson(store)
  return {
    async clientInformation(context) {
      if (client) return { client_id: client.id, ...(client.secret !== undefined && { client_secret: client.secret }) }
      return (await read<Registrations>('clients'))?.[context?.issuer ?? '']
    },
    async saveClientInformation(information, context) {
      await write('clients', { ...(await read<Registrations>('clients')), [context?.issuer ?? '']: information })
    },
    async tokens(context) {
      const kept = await read<KeptTokens>('tokens')
      return kept && (context?.issuer === undefined || kept.issuer === context.issuer) ? kept.tokens : undefined
    },
    async saveTokens(tokens, context) {
      const before = await read<KeptTokens>('tokens')
      if (before?.tokens.access_token === tokens.access_token) return // kept when they were refreshed
      await write('tokens', { tokens, issuer: context?.issuer } satisfies KeptTokens)
    },
    async invalidateCredentials(scope) {
      const names = { tokens: 'tokens', verifier: 'verifier', discovery: 'discovery', client: 'clients' }
      await store.remove(...(scope === 'all' ? Object.values(names) : [names[scope]]))
    },
  }
}

type Steps = Pick<
  OAuthClientProvider,
  'state' | 'redirectToAuthorization' | 'saveCodeVerifier' | 'saveDiscoveryState' | 'discoveryState'
> & { codeVerifier(): Promise<string> }

/** What a server wanted when nobody was there to be sent to sign in. */
interface Wanted {
  scope?: string
  resourceMetadataUrl?: string
  /** It had been shown a token, which does not reach far enough. */
  more: boolean
}

/** The way to the sign-in page and back. Where nobody can be sent, nothing is touched of the way that a person may be on meanwhile. */
function createJourney({ store, onLink }: SignInOptions) {
  const { read, write } = inJson(store)
  let links = 0
  let returning = false
  let found: OAuthDiscoveryState | undefined
  const steps: Steps = {
    async state() {
      const state = randomBytes(24).toString('base64url')
      if (onLink) await store.set('state', state)
      return state
    },
    async redirectToAuthorization(link) {
      if (!onLink) return refuseAlone(link, found, store)
      links++
      if (links > mostLinks || Number(await store.get('signed')) >= mostLinks)
        throw new UnauthorizedError(`it has sent the person to sign in ${mostLinks} times and still wants more`)
      if (!['http:', 'https:'].includes(link.protocol)) throw new UnauthorizedError('its sign-in page is no page of the web')
      onLink(link)
    },
    async saveCodeVerifier(verifier) {
      if (onLink) await store.set('verifier', verifier)
    },
    async codeVerifier() {
      const verifier = await store.get('verifier')
      if (verifier === undefined) throw new Error('this sign-in was not begun here, or too long ago')
      return verifier
    },
    async saveDiscoveryState(state) {
      refuseWithoutChallenge(state)
      found = state
      if (onLink) await write('discovery', state)
    },
    /** Only on the way back from the browser: a server may have moved to another authorization server since. */
    discoveryState: async () => (returning ? read<OAuthDiscoveryState>('discovery') : undefined),
  }
  return {
    steps,
    wanted: () => readWanted(store),
    async comeBack(callback: URLSearchParams, finish: () => Promise<void>): Promise<void> {
      const expected = await store.get('state')
      if (!isSame(callback.get('state') ?? '', expected ?? '')) throw new Error('this is not the answer to the last link')
      returning = true
      await finish().finally(() => (returning = false))
      links = 0
      await store.set('signed', String(Number((await store.get('signed')) ?? 0) + 1))
      await store.remove('state', 'verifier', 'wanted')
    },
  }
}

async function refuseAlone(link: URL, found: OAuthDiscoveryState | undefined, store: SignInStore): Promise<never> {
  const scope = link.searchParams.get('scope')
  const { resourceMetadataUrl } = found ?? {}
  const more = (await store.get('tokens')) !== undefined
  const wanted: Wanted = { ...(scope && { scope }), ...(resourceMetadataUrl && { resourceMetadataUrl }), more }
  await inJson(store).write('wanted', wanted)
  throw new UnauthorizedError('it wants a sign-in')
}

/** As the library wants to be told it. */
async function readWanted(store: SignInStore) {
  const { scope, resourceMetadataUrl, more } = (await inJson(store).read<Wanted>('wanted')) ?? {}
  return {
    ...(scope !== undefined && { scope }),
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl: new URL(resourceMetadataUrl) }),
    ...(more && { forceReauthorization: true }),
  }
}

interface KeptTokens {
  tokens: StoredOAuthTokens
  issuer: string | undefined
  /** Milliseconds since 1970; absent when they came by a sign-in. */
  refreshedAt?: number
}

/** By the authorization server that made it, to which alone it belongs (SEP-2352). */
type Registrations = Record<string, StoredOAuthClientInformation>

/** "If `code_challenge_methods_supported` is absent, the client MUST refuse to proceed" (Authorization, PKCE). */
function refuseWithoutChallenge({ authorizationServerMetadata: metadata }: OAuthDiscoveryState): void {
  if (metadata && !metadata.code_challenge_methods_supported?.includes('S256'))
    throw new Error('its authorization server does not say that it protects sign-ins by PKCE (S256)')
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length > 0 && one.length === other.length && timingSafeEqual(one, other)
}

/** Who was refused with an older token by then may still ask for a new one. */
const justNowMs = 5000

/**
 * A refresh token is good for one use: of all processes that find the access token too old at once, one refreshes, and the others are
 * given what it got.
 */
function refreshAlone(store: SignInStore, fetch: FetchLike): FetchLike {
  return (url, init) => {
    const used = refreshTokenIn(init?.body)
    if (used === undefined) return fetch(url, init)
    return store.alone(async () => {
      const json = await store.get('tokens')
      const now = json === undefined ? undefined : (JSON.parse(json) as KeptTokens)
      const isOthers = now?.tokens.refresh_token !== undefined && now.tokens.refresh_token !== used
      if (now && (isOthers || Date.now() - (now.refreshedAt ?? 0) < justNowMs)) return Response.json(now.tokens)
      const answer = await fetch(url, init)
      if (answer.ok) await keepRefreshed(store, await answer.clone().json(), used, json)
      return answer
    })
  }
}

/** Kept before the next process may look: the library keeps it only when the lock is open again. */
async function keepRefreshed(store: SignInStore, answer: unknown, used: string, before: string | undefined): Promise<void> {
  if (typeof answer !== 'object' || answer === null || before === undefined) return
  const { tokens, issuer } = JSON.parse(before) as KeptTokens
  const refreshed = { ...tokens, refresh_token: used, ...answer }
  await store.set('tokens', JSON.stringify({ tokens: refreshed, issuer, refreshedAt: Date.now() } satisfies KeptTokens))
}

function refreshTokenIn(body: RequestInit['body']): string | undefined {
  const params = body instanceof URLSearchParams ? body : typeof body === 'string' ? new URLSearchParams(body) : undefined
  return params?.get('grant_type') === 'refresh_token' ? (params.get('refresh_token') ?? undefined) : undefined
}
