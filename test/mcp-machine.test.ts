import { createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auth } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MachineAuth } from '../src/config/servers.ts'
import { createMachine } from '../src/mcp/machine.ts'
import { type OAuthWire, startOAuthWire } from './wire/oauth.ts'

const dir = mkdtempSync(join(tmpdir(), 'bellhop-machine-'))
let wire: OAuthWire
beforeAll(async () => {
  wire = await startOAuthWire()
})
afterAll(async () => {
  await wire.close()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(() => {
  wire.shown.length = 0
  delete wire.refusal.error
})

const client = { clientId: 'bellhop', scopes: ['a', 'b'] }
const basic: MachineAuth = { type: 'client_credentials', ...client, clientSecret: 'hunter22' }
const signIn = (entry: MachineAuth, machine = createMachine(entry, wire.url, fetch)) =>
  auth(machine, { serverUrl: wire.url, fetchFn: fetch })
const issuer = () => new URL(wire.url).origin

test('a secret is shown to the authorization server, for one server and some scopes', async () => {
  const machine = createMachine(basic, wire.url, fetch)
  expect(await signIn(basic, machine)).toBe('AUTHORIZED')
  const authorization = `Basic ${btoa('bellhop:hunter22')}`
  expect(wire.shown).toEqual([{ grant_type: 'client_credentials', scope: 'a b', resource: wire.url, authorization }])
  expect(await machine.tokens()).toMatchObject({ token_type: 'Bearer' })
})

test('a key signs, and is not shown; it may be changed in its file', async () => {
  const file = join(dir, 'key.pem')
  for (let time = 1; time <= 2; time++) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await signIn({ type: 'private_key_jwt', ...client, privateKey: { file }, algorithm: 'ES256' })
    const [header, body, signature = ''] = (wire.shown.at(-1)?.['client_assertion'] ?? '').split('.')
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
    expect(createVerify('sha256').update(`${header}.${body}`).verify(key, signature, 'base64url')).toBe(true)
    expect(JSON.parse(atob(body ?? ''))).toMatchObject({ iss: 'bellhop', sub: 'bellhop', aud: issuer() })
  }
})

test('what the platform says of the house is read anew each time', async () => {
  const file = join(dir, 'token')
  for (const word of ['first', 'second']) {
    writeFileSync(file, `${word}\n`)
    await signIn({ type: 'wif', ...client, assertion: { file } })
    expect(wire.shown.at(-1)).toMatchObject({ assertion: word, client_id: 'bellhop', resource: wire.url })
  }
})

test("a company's identity provider gives what opens the server", async () => {
  const idp = { issuer: issuer(), clientId: 'at-idp', idToken: { text: 'who-we-are' } }
  await signIn({ type: 'ema', ...client, clientSecret: 'hunter22', idp })
  const [exchange, grant] = wire.shown
  expect(exchange).toMatchObject({ subject_token: 'who-we-are', audience: issuer(), resource: wire.url, client_id: 'at-idp' })
  expect(grant).toMatchObject({ assertion: 'a-grant', authorization: `Basic ${btoa('bellhop:hunter22')}` })
})

test('no other authorization server than the one of the entry is shown the secret', async () => {
  await expect(signIn({ ...basic, issuer: 'https://ours.example' })).rejects.toThrow()
  expect(wire.shown).toEqual([])
  expect(await signIn({ ...basic, issuer: issuer() })).toBe('AUTHORIZED')
})

test.each(['invalid_client', 'unauthorized_client', 'invalid_grant', 'invalid_scope'])(
  'a refusal by %s is not asked again',
  async error => {
    wire.refusal.error = error
    await expect(signIn({ type: 'wif', ...client, assertion: { text: 'a' } })).rejects.toThrow()
    expect(wire.shown).toHaveLength(1)
  },
)

test('a token is asked for with a proof of the key that it is bound to', async () => {
  await signIn({ ...basic, dpop: true })
  const [header = '', body = ''] = (wire.shown[0]?.['dpop'] ?? '').split('.')
  expect(JSON.parse(atob(header))).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' })
  expect(JSON.parse(atob(body))).toMatchObject({ htm: 'POST', htu: `${issuer()}/token` })
})
