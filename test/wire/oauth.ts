import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An authorization server and the resource that it protects, as RFC 8414, 7591, 7636, 9207 and 9728 describe them. */
export interface OAuthWire {
  /** Of the resource. */
  url: string
  /** What it was asked, in order: `POST /token refresh_token`. */
  asked: string[]
  /** What its metadata says from now on beside or in place of the usual. */
  metadata: Record<string, unknown>
  /** With what the house came by itself: the body, and the headers that matter. */
  shown: Record<string, string>[]
  /** Refuses whoever comes by himself, by this error. */
  refusal: { error?: string }
  /** Opens a link as a browser would, for somebody who agrees: where he is sent back to. */
  agree(link: URL): Promise<URL>
  /** Ends all access tokens. */
  expire(): void
  close(): Promise<void>
}

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const alone = new Set(['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer', tokenExchange])

export type Behind = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void>

/** `behind` is the resource, for who has a token; one that answers the same to all when absent. */
export async function startOAuthWire(behind?: Behind): Promise<OAuthWire> {
  const asked: string[] = []
  const codes = new Map<string, { challenge: string; resource: string | null }>()
  const refreshable = new Set<string>()
  let valid = new Set<string>()
  const metadata: Record<string, unknown> = {}
  const shown: Record<string, string>[] = []
  const refusal: OAuthWire['refusal'] = {}

  function grant(): Record<string, unknown> {
    const [access, refresh] = [randomUUID(), randomUUID()]
    valid.add(access)
    refreshable.add(refresh)
    return { access_token: access, refresh_token: refresh, token_type: 'Bearer', expires_in: 3600 }
  }
  /** Of a machine; and of an identity provider, that it may show somewhere else what it gets. */
  function tokenAlone(kind: string, body: URLSearchParams, { authorization, dpop }: IncomingHttpHeaders): [number, unknown] {
    const proof = Array.isArray(dpop) ? dpop[0] : dpop
    shown.push({ ...Object.fromEntries(body), ...(authorization && { authorization }), ...(proof && { dpop: proof }) })
    if (refusal.error !== undefined) return [400, refusal]
    if (kind !== tokenExchange) return [200, grant()]
    return [200, { issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag', access_token: 'a-grant', token_type: 'N_A' }]
  }
  function token(body: URLSearchParams, headers: IncomingHttpHeaders): [number, unknown] {
    const kind = body.get('grant_type') ?? ''
    asked.push(`POST /token ${kind}`)
    if (alone.has(kind)) return tokenAlone(kind, body, headers)
    if (kind === 'refresh_token') {
      // Each is good for one use, and its reuse ends them all, as OAuth 2.1 recommends.
      if (refreshable.delete(body.get('refresh_token') ?? '')) return [200, grant()]
      refreshable.clear()
      return [400, { error: 'invalid_grant' }]
    }
    const code = codes.get(body.get('code') ?? '')
    const proof = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (!code || code.challenge !== proof || code.resource !== body.get('resource')) return [400, { error: 'invalid_grant' }]
    codes.delete(body.get('code') ?? '')
    return [200, grant()]
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new URL(request.url ?? '/', base)
    const json = (status: number, body: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (at.pathname.startsWith('/.well-known/oauth-protected-resource'))
      return void json(200, { resource: `${base}/mcp`, authorization_servers: [base], ...(metadata['resource'] as object) })
    if (at.pathname.startsWith('/.well-known/'))
      return void json(200, {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        registration_endpoint: `${base}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
        ...(metadata['server'] as object),
      })
    const body = await textOf(request)
    if (at.pathname === '/register') {
      asked.push('POST /register')
      return void json(201, { ...JSON.parse(body), client_id: `client-${asked.length}` })
    }
    if (at.pathname === '/authorize') {
      const code = randomUUID()
      const [challenge, resource] = [at.searchParams.get('code_challenge') ?? '', at.searchParams.get('resource')]
      codes.set(code, { challenge, resource })
      const back = new URL(at.searchParams.get('redirect_uri') ?? base)
      for (const [name, value] of [
        ['code', code],
        ['state', at.searchParams.get('state') ?? ''],
        ['iss', base],
      ] as const)
        back.searchParams.set(name, value)
      return void response.writeHead(302, { location: back.href }).end()
    }
    if (at.pathname === '/token') return void json(...token(new URLSearchParams(body), request.headers))
    if (valid.has((request.headers.authorization ?? '').replace(/^Bearer /, '')))
      return behind ? behind(request, response, body === '' ? undefined : JSON.parse(body)) : void json(200, { fine: true })
    asked.push(`${request.method} /mcp`)
    json(401, {}, { 'www-authenticate': `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"` })
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${base}/mcp`,
    asked,
    metadata,
    shown,
    refusal,
    async agree(link) {
      const answer = await fetch(link, { redirect: 'manual' })
      return new URL(answer.headers.get('location') ?? '')
    },
    expire: () => (valid = new Set()),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}
