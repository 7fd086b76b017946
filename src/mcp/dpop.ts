import type { webcrypto } from 'node:crypto'
import { DpopSession, generateDpopKeyPair } from '@modelcontextprotocol/client'

/** As the library makes them unless told otherwise: ES256. */
const curve = { name: 'ECDSA', namedCurve: 'P-256' }

/** The part of what keeps a sign-in that a key needs. */
interface KeyStore {
  get(name: string): Promise<string | undefined>
  set(name: string, value: string): Promise<void>
  alone<T>(work: () => Promise<T>): Promise<T>
}

interface KeptKey {
  secret: webcrypto.JsonWebKey
  publicJwk: DpopSession['publicJwk']
  thumbprint: string
}

/** Signs requests by the key that is kept with the sign-in, so that every process can use its tokens; makes it when there is none. */
export async function openDpop(store: KeyStore): Promise<DpopSession> {
  const known = await store.get('key')
  const json = known ?? (await store.alone(async () => (await store.get('key')) ?? makeKey(store)))
  const { secret, publicJwk, thumbprint } = JSON.parse(json) as KeptKey
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', secret, curve, false, ['sign']),
    crypto.subtle.importKey('jwk', publicJwk as webcrypto.JsonWebKey, curve, true, ['verify']),
  ])
  return DpopSession.create({ keyPair: { privateKey, publicKey, publicJwk, thumbprint, alg: 'ES256' } })
}

async function makeKey(store: KeyStore): Promise<string> {
  const { privateKey, publicJwk, thumbprint } = await generateDpopKeyPair({ alg: 'ES256', extractable: true })
  const secret = await crypto.subtle.exportKey('jwk', privateKey)
  const json = JSON.stringify({ secret, publicJwk, thumbprint } satisfies KeptKey)
  await store.set('key', json)
  return json
}
