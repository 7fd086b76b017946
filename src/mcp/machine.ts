import { readFile } from 'node:fs/promises'
import {
  createPrivateKeyJwtAuth,
  DpopSession,
  discoverAuthorizationServerMetadata,
  type FetchLike,
  type OAuthClientProvider,
  requestJwtAuthorizationGrant,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import type { MachineAuth, Secret } from '../config/servers.ts'
import { onlyTo } from './oauth.ts'

/** What the house shows when it signs in by itself: where to, and for what. */
interface Asked {
  issuer: string
  resource: string
  scope: string | undefined
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Signs in to one server without a person. Tokens are kept in memory: the next process fetches its own. What the authorization server
 * refuses is not asked again in other words, since the same secret would be refused again.
 */
export function createMachine(auth: MachineAuth, serverUrl: string, fetch: FetchLike): OAuthClientProvider {
  const scope = auth.scopes.join(' ')
  const secret = 'clientSecret' in auth ? auth.clientSecret : undefined
  const grantType = auth.type === 'ema' || auth.type === 'wif' ? jwtBearer : 'client_credentials'
  const asked: Asked = { issuer: '', resource: serverUrl, scope: undefined }
  let dpop: Promise<DpopSession> | undefined
  let tokens: StoredOAuthTokens | undefined
  return {
    redirectUrl: undefined,
    clientMetadata: { client_name: 'Bellhop', redirect_uris: [], grant_types: [grantType], ...(scope && { scope }) },
    clientInformation: () => ({
      client_id: auth.clientId,
      ...(secret !== undefined && { client_secret: secret }),
      ...(auth.issuer !== undefined && { issuer: auth.issuer }),
    }),
    tokens: () => tokens,
    saveTokens(fresh) {
      tokens = fresh
    },
    ...noPerson,
    validateResourceURL: onlyTo(serverUrl),
    saveAuthorizationServerUrl(issuer) {
      asked.issuer = issuer
    },
    saveResourceUrl(resource) {
      asked.resource = resource
    },
    async prepareTokenRequest(wanted) {
      const grant = await grantOf(auth, { ...asked, scope: wanted }, fetch)
      return new URLSearchParams({ grant_type: grantType, ...grant, ...(wanted && { scope: wanted }) })
    },
    ...(auth.type === 'private_key_jwt' && { addClientAuthentication: proofBy(auth) }),
    ...(auth.dpop && { dpop: () => (dpop ??= DpopSession.create()) }),
  }
}

/** What only a person's sign-in needs, and the second attempt that the library makes after a refusal. */
const noPerson = {
  redirectToAuthorization() {
    throw new Error('it wants a person to sign in, and its entry says that the house does')
  },
  saveCodeVerifier() {},
  codeVerifier(): string {
    throw new Error('it wants a person to sign in, and its entry says that the house does')
  },
  invalidateCredentials() {
    throw new Error('its authorization server refuses what the entry says of who the house is')
  },
}

async function grantOf(auth: MachineAuth, asked: Asked, fetch: FetchLike): Promise<Record<string, string>> {
  if (auth.type === 'wif') return { assertion: await readSecret(auth.assertion) }
  if (auth.type !== 'ema') return {}
  const { issuer, tokenEndpoint, clientId, clientSecret, idToken } = auth.idp
  const { jwtAuthGrant } = await requestJwtAuthorizationGrant({
    tokenEndpoint: tokenEndpoint ?? (await findTokenEndpoint(issuer, fetch)),
    audience: asked.issuer,
    resource: asked.resource,
    idToken: await readSecret(idToken),
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(asked.scope && { scope: asked.scope }),
    fetchFn: fetch,
  })
  return { assertion: jwtAuthGrant }
}

async function findTokenEndpoint(issuer: string, fetchFn: FetchLike): Promise<string> {
  const endpoint = (await discoverAuthorizationServerMetadata(issuer, { fetchFn }))?.token_endpoint
  if (endpoint === undefined) throw new Error('the identity provider does not say where it gives tokens: set idp.tokenEndpoint')
  return endpoint
}

function proofBy({
  clientId,
  privateKey,
  algorithm,
}: Extract<MachineAuth, { type: 'private_key_jwt' }>): NonNullable<OAuthClientProvider['addClientAuthentication']> {
  return async (...request) => {
    const key = await readSecret(privateKey)
    return createPrivateKeyJwtAuth({ issuer: clientId, subject: clientId, privateKey: key, alg: algorithm })(...request)
  }
}

/** Files are read each time: what a platform puts there is good for an hour, and then another stands in it. */
async function readSecret(secret: Secret): Promise<string> {
  return 'text' in secret ? secret.text : (await readFile(secret.file, 'utf8')).trim()
}
