import type { Entry } from './entry.ts'
import type { Expander } from './expand.ts'
import type { Notes } from './notes.ts'

/** How the house shows a server who it is. */
export type ServerAuth =
  | { type: 'none' }
  /** A fixed token, which stands in the `Authorization` header of the transport: a 401 means that it is no good. */
  | { type: 'bearer' }
  /** Signed in to by a person, once the server asks for it. Without a client id the house introduces itself. */
  | { type: 'oauth'; clientId?: string; clientSecret?: string; scopes: string[] }
  /** Signed in to by the house itself. */
  | { type: 'client_credentials'; clientId: string; clientSecret: string; scopes: string[] }

/** `token` is what belongs into the `Authorization` header; absent where the entry has none, or writes the header itself. */
export interface AuthFound {
  auth: ServerAuth
  token?: string
}

type Client = Partial<Extract<Entry['auth'], object>>

/** For servers on the web. `headers` are those of the entry. */
export function readAuth(raw: Entry, headers: Record<string, string>, notes: Notes, expand: Expander): AuthFound {
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
  const clientId = expanded(client.clientId ?? client.CLIENT_ID, expand)
  const clientSecret = expanded(client.clientSecret ?? client.CLIENT_SECRET, expand)
  const scopes = listScopes(client.scopes ?? client.scope, expand)
  if (type === 'oauth') return { auth: { type, ...(clientId && { clientId }), ...(clientSecret && { clientSecret }), scopes } }
  if (!clientId || !clientSecret) notes.problems.push(`${notes.at}.auth needs clientId and clientSecret for client_credentials`)
  return { auth: { type, clientId: clientId ?? '', clientSecret: clientSecret ?? '', scopes } }
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
