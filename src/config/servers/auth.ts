import { resolve } from 'node:path'
import type { Entry } from './entry.ts'
import type { Expander } from './expand.ts'
import type { Notes } from './notes.ts'

/** How the house shows a server who it is. */
export type ServerAuth =
  | { type: 'none' }
  /** A fixed token, which stands in the `Authorization` header of the transport: a 401 means that it is no good. */
  | { type: 'bearer' }
  /** Signed in to by a person, once the server asks for it. Without a client id the house introduces itself. */
  | { type: 'oauth'; clientId?: string; clientSecret?: string; scopes: string[]; dpop?: true }
  | MachineAuth

/** Signed in to by the house itself. `ema`: by a company's identity provider. `wif`: by what the platform that runs the house says of it. */
export type MachineAuth = MachineClient &
  (
    | { type: 'client_credentials'; clientSecret: string }
    | { type: 'private_key_jwt'; privateKey: Secret; algorithm: string }
    | { type: 'ema'; clientSecret: string; idp: IdentityProvider }
    | { type: 'wif'; assertion: Secret }
  )

interface MachineClient {
  clientId: string
  scopes: string[]
  /** The only authorization server that is shown the secret; absent: whichever the server names. */
  issuer?: string
  /** Tokens are bound to a key of the house's (RFC 9449). */
  dpop?: true
}

export interface IdentityProvider {
  issuer: string
  /** Absent: where its metadata says. */
  tokenEndpoint?: string
  clientId: string
  clientSecret?: string
  idToken: Secret
}

/** Itself, or the path of the file in which it stands when it is needed. */
export type Secret = { text: string } | { file: string }

/** `token` is what belongs into the `Authorization` header; absent where the entry has none, or writes the header itself. */
export interface AuthFound {
  auth: ServerAuth
  token?: string
}

type Client = Partial<Extract<Entry['auth'], object>>

/** What an entry is read with: its notes, its variables, and the folder from which paths lead. */
interface Reading {
  notes: Notes
  expand: Expander
  folder: string
}

/** For servers on the web. `headers` are those of the entry. */
export function readAuth(raw: Entry, headers: Record<string, string>, reading: Reading): AuthFound {
  const { notes, expand } = reading
  const said = typeof raw.auth === 'string' ? { type: raw.auth } : raw.auth
  const client: Client = { ...(typeof raw.oauth === 'object' && raw.oauth), ...said }
  const token = readToken(raw, said?.token, expand)
  const type = said?.type ?? typeOf(raw, token !== undefined || hasAuthorization(headers))
  if (type === 'none') return { auth: { type } }
  if (type === 'bearer') {
    if (token === undefined && !hasAuthorization(headers))
      notes.problems.push(`${notes.at}.auth.token is missing: it must be the token`)
    return { auth: { type }, ...(token !== undefined && { token }) }
  }
  if (type !== 'oauth') return { auth: readMachine(type, client, reading) }
  const { clientId, clientSecret, ...rest } = readClient(client, expand)
  return { auth: { type, ...(clientId && { clientId }), ...(clientSecret && { clientSecret }), ...rest } }
}

function readClient(client: Client, expand: Expander) {
  return {
    clientId: expanded(client.clientId ?? client.CLIENT_ID, expand),
    clientSecret: expanded(client.clientSecret ?? client.CLIENT_SECRET, expand),
    scopes: listScopes(client.scopes ?? client.scope, expand),
    ...(client.dpop === true && { dpop: true as const }),
  }
}

/** What each kind of sign-in cannot do without. */
const needs = {
  client_credentials: ['clientId', 'clientSecret'],
  private_key_jwt: ['clientId', 'privateKey', 'algorithm'],
  ema: ['clientId', 'clientSecret', 'idp'],
  wif: ['clientId', 'assertion'],
} as const

function readMachine(type: MachineAuth['type'], client: Client, reading: Reading): MachineAuth {
  const { notes, expand } = reading
  const { clientId = '', clientSecret = '', ...rest } = readClient(client, expand)
  const issuer = expanded(client.issuer, expand)
  const found = {
    clientId,
    clientSecret,
    privateKey: readSecret(client.privateKey, client.privateKeyFile, reading),
    algorithm: expanded(client.algorithm, expand),
    assertion: readSecret(client.assertion, client.assertionFile, reading),
    idp: readIdp(client.idp, reading),
  }
  if (needs[type].some(key => !found[key])) notes.problems.push(`${notes.at}.auth needs ${inWords(needs[type])} for ${type}`)
  const base = { clientId, ...rest, ...(issuer && { issuer }) }
  const { privateKey = nothing, algorithm = '', assertion = nothing, idp } = found
  if (type === 'client_credentials') return { type, ...base, clientSecret }
  if (type === 'private_key_jwt') return { type, ...base, privateKey, algorithm }
  if (type === 'wif') return { type, ...base, assertion }
  return { type, ...base, clientSecret, idp: idp ?? { issuer: '', clientId: '', idToken: nothing } }
}

/** In the place of what is missing, in an entry that is disabled for it. */
const nothing: Secret = { text: '' }

function readIdp(idp: Client['idp'], reading: Reading): IdentityProvider | undefined {
  const { notes, expand } = reading
  const [issuer, tokenEndpoint, clientId, clientSecret] = (['issuer', 'tokenEndpoint', 'clientId', 'clientSecret'] as const).map(
    key => expanded(idp?.[key], expand),
  )
  const idToken = readSecret(idp?.idToken, idp?.idTokenFile, reading)
  if (issuer && clientId && idToken)
    return { issuer, ...(tokenEndpoint && { tokenEndpoint }), clientId, ...(clientSecret && { clientSecret }), idToken }
  if (idp) notes.problems.push(`${notes.at}.auth.idp needs issuer, clientId and idToken (or idTokenFile)`)
  return undefined
}

function readSecret(text: string | undefined, file: string | undefined, { expand, folder }: Reading): Secret | undefined {
  if (text) return { text: expand.text(text) }
  return file ? { file: resolve(folder, expand.text(file)) } : undefined
}

function inWords(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** Other clients sign in by themselves when a server asks for it, unless the entry has a token or forbids it. */
function typeOf({ oauth }: Entry, hasToken: boolean): 'none' | 'bearer' | 'oauth' {
  if (hasToken) return 'bearer'
  return oauth === false || (typeof oauth === 'object' && oauth.enabled === false) ? 'none' : 'oauth'
}

function readToken(raw: Entry, token: string | undefined, expand: Expander): string | undefined {
  const written = token ?? raw.auth_token ?? raw.authToken
  if (written !== undefined) return expand.text(written)
  return raw.bearer_token_env_var === undefined ? undefined : expand.variable(raw.bearer_token_env_var)
}

/** The header in any writing: names of headers have no case. */
export function hasAuthorization(headers: Record<string, string>): boolean {
  return Object.keys(headers).some(name => name.toLowerCase() === 'authorization')
}

function expanded(value: string | undefined, expand: Expander): string | undefined {
  return value === undefined ? undefined : expand.text(value)
}

function listScopes(value: string | string[] = [], expand: Expander): string[] {
  return (typeof value === 'string' ? value.split(/\s+/).filter(Boolean) : value).map(expand.text)
}
