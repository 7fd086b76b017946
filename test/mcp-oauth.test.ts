import { auth } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createSignIn, type SignInStore } from '../src/mcp/oauth.ts'
import { type OAuthWire, startOAuthWire } from './wire/oauth.ts'

let wire: OAuthWire
let kept: Map<string, string>
let links: URL[]
beforeAll(async () => {
  wire = await startOAuthWire()
})
afterAll(() => wire.close())
beforeEach(() => {
  kept = new Map()
  links = []
  wire.asked.length = 0
  for (const name of Object.keys(wire.metadata)) delete wire.metadata[name]
})

/** One process: what is kept is shared by all of them, the lock too. */
let last: Promise<unknown> = Promise.resolve()
const store: SignInStore = {
  get: async name => kept.get(name),
  set: async (name, value) => void kept.set(name, value),
  async remove(...names) {
    for (const name of names) kept.delete(name)
  },
  alone(work) {
    const mine = last.then(work)
    last = mine.catch(() => {})
    return mine
  },
}
const aProcess = (over = {}) =>
  createSignIn({
    store,
    serverUrl: wire.url,
    redirectUrl: 'http://127.0.0.1:8000/oauth/callback',
    fetch,
    onLink: link => links.push(link),
    ...over,
  })

async function signIn() {
  const one = aProcess()
  expect(await one.begin()).toBe(false)
  const back = await wire.agree(links.at(-1) as URL)
  await one.finish(back.searchParams)
}

test('a person opens the link, and what his browser brings back signs in', async () => {
  await signIn()
  expect(links[0]?.searchParams.get('code_challenge_method')).toBe('S256')
  expect(links[0]?.searchParams.get('resource')).toBe(wire.url)
  expect(await aProcess().provider.tokens()).toMatchObject({ token_type: 'Bearer' })
})

test('another process than the one that made the link may finish', async () => {
  await aProcess().begin()
  const back = await wire.agree(links[0] as URL)
  await aProcess().finish(back.searchParams)
  expect(await aProcess().begin()).toBe(true)
})

test.each([
  ['another state', (back: URL) => back.searchParams.set('state', 'forged')],
  ['no state', (back: URL) => back.searchParams.delete('state')],
  ['another authorization server', (back: URL) => back.searchParams.set('iss', 'https://evil.example')],
  ['another code', (back: URL) => back.searchParams.set('code', 'forged')],
])('what comes back with %s is refused, and nothing is kept', async (_, forge) => {
  const one = aProcess()
  await one.begin()
  const back = await wire.agree(links[0] as URL)
  forge(back)
  await expect(one.finish(back.searchParams)).rejects.toThrow()
  expect(await one.provider.tokens()).toBeUndefined()
})

test('an answer counts once', async () => {
  const one = aProcess()
  await one.begin()
  const back = await wire.agree(links[0] as URL)
  await one.finish(back.searchParams)
  await expect(one.finish(back.searchParams)).rejects.toThrow('not the answer')
})

test('of many that find the token too old at once one refreshes, and all have the new one', async () => {
  await signIn()
  wire.expire()
  wire.asked.length = 0
  const all = await Promise.all(Array.from({ length: 5 }, () => aProcess().begin()))
  expect(all).toEqual([true, true, true, true, true])
  expect(wire.asked).toEqual(['POST /token refresh_token'])
  expect(links).toHaveLength(1)
})

test('who is registered once is not registered anew', async () => {
  await signIn()
  kept.delete('tokens')
  await signIn()
  expect(wire.asked.filter(line => line === 'POST /register')).toHaveLength(1)
})

test('a client that the operator has registered is used as it is', async () => {
  await aProcess({ client: { id: 'ours' } }).begin()
  expect(links[0]?.searchParams.get('client_id')).toBe('ours')
  expect(wire.asked).toEqual([])
})

test.each([
  ['no word of PKCE', { server: { code_challenge_methods_supported: undefined } }, 'PKCE'],
  ['another issuer than it is', { server: { issuer: 'https://evil.example' } }, 'Issuer mismatch'],
  ['another resource than it is', { resource: { resource: 'https://bank.example/' } }, 'another server'],
])('an authorization server that says %s is refused', async (_, metadata, why) => {
  Object.assign(wire.metadata, metadata)
  await expect(aProcess().begin()).rejects.toThrow(why)
  expect(links).toEqual([])
})

test('a person is not sent to sign in for ever', async () => {
  const one = aProcess()
  for (let time = 1; time <= 3; time++) await one.begin()
  await expect(one.begin()).rejects.toThrow('3 times')
})

test('where nobody can open a link the sign-in fails', async () => {
  await expect(aProcess({ onLink: undefined }).begin()).rejects.toThrow('it wants a sign-in')
})

test('whoever cannot send a person leaves the way alone that a person is on', async () => {
  await aProcess().begin()
  await expect(aProcess({ onLink: undefined }).begin()).rejects.toThrow('it wants a sign-in')
  const back = await wire.agree(links[0] as URL)
  await aProcess().finish(back.searchParams)
  expect(await aProcess().provider.tokens()).toMatchObject({ token_type: 'Bearer' })
})

test('what a server wanted when nobody could sign in is what the person is asked for', async () => {
  const alone = aProcess({ onLink: undefined })
  const challenge = { serverUrl: wire.url, scope: 'files:read', fetchFn: fetch }
  await expect(auth(alone.provider, challenge)).rejects.toThrow('it wants a sign-in')
  await signIn()
  expect(links.at(-1)?.searchParams.get('scope')).toBe('files:read')
  await aProcess({ onLink: undefined }).begin()
  const more = { ...challenge, scope: 'files:read files:write', forceReauthorization: true }
  await expect(auth(alone.provider, more)).rejects.toThrow('it wants a sign-in')
  await signIn()
  expect(links.at(-1)?.searchParams.get('scope')).toBe('files:read files:write')
})

test('a person who has signed in three times is not sent a fourth time', async () => {
  for (let time = 1; time <= 3; time++) {
    await signIn()
    kept.delete('tokens')
  }
  await expect(aProcess().begin()).rejects.toThrow('3 times')
})

test('the scopes of the entry are asked for where the server names none', async () => {
  await aProcess({ scopes: ['a', 'b'] }).begin()
  expect(links[0]?.searchParams.get('scope')).toBe('a b')
})

test('a resource without a path is named letter by letter', async () => {
  const origin = new URL(wire.url).origin
  Object.assign(wire.metadata, { resource: { resource: origin } })
  await aProcess().begin()
  expect(links[0]?.searchParams.get('resource')).toBe(origin)
})

test('all processes sign by the same key', async () => {
  const keys = await Promise.all([1, 2].map(async () => (await aProcess({ dpop: true }).provider.dpop?.())?.thumbprint))
  expect(keys[0]).toMatch(/^[\w-]{43}$/)
  expect(keys[1]).toBe(keys[0])
  const proof = await (await aProcess({ dpop: true }).provider.dpop?.())?.buildProof({ htm: 'POST', htu: wire.url })
  expect(proof?.split('.')).toHaveLength(3)
})
