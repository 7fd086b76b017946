import type { ServerAuth, ServerConfig } from '../../src/config/servers.ts'

/** What a scenario tells its client: MCP_CONFORMANCE_CONTEXT. */
export interface Context {
  client_id?: string
  client_secret?: string
  private_key_pem?: string
  signing_algorithm?: string
  idp_client_id?: string
  idp_id_token?: string
  idp_issuer?: string
  idp_token_endpoint?: string
  valid_jwt?: string
  toolCalls?: { name: string; arguments: Record<string, unknown> }[]
}

/** How the server of this scenario is entered: what an operator would write in servers.config.json. */
export function settingsFor(scenario: string, context: Context): Partial<ServerConfig> {
  return { auth: authFor(scenario, context) }
}

function authFor(scenario: string, context: Context): ServerAuth {
  const { client_id: clientId = '', client_secret: clientSecret = '' } = context
  const scopes: string[] = []
  switch (scenario) {
    case 'auth/pre-registration':
      return { type: 'oauth', clientId, clientSecret, scopes }
    case 'auth/client-credentials-basic':
      return { type: 'client_credentials', clientId, clientSecret, scopes }
    case 'auth/client-credentials-jwt': {
      const { private_key_pem: text = '', signing_algorithm: algorithm = '' } = context
      return { type: 'private_key_jwt', clientId, privateKey: { text }, algorithm, scopes }
    }
    case 'auth/enterprise-managed-authorization': {
      const { idp_issuer: issuer = '', idp_client_id = '', idp_id_token: text = '', idp_token_endpoint = '' } = context
      const idp = { issuer, tokenEndpoint: idp_token_endpoint, clientId: idp_client_id, idToken: { text } }
      return { type: 'ema', clientId, clientSecret, idp, scopes }
    }
    case 'auth/wif-jwt-bearer':
      return { type: 'wif', clientId, assertion: { text: context.valid_jwt ?? '' }, scopes }
    case 'auth/dpop':
    case 'auth/dpop-nonce':
      return { type: 'oauth', scopes, dpop: true }
    default:
      return { type: 'oauth', scopes }
  }
}
