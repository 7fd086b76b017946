import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGuard, isOutside } from '../src/net/guard.ts'
import { addressesInside, addressesOutside } from './inside.ts'

const guard = createGuard({ allow: [] })
let calls = 0
const server = createServer((request, response) => {
  calls++
  if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
  else response.end(`${request.method} ${request.headers['x-test'] ?? ''}`)
})
let port = 0
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test.each(addressesInside())('%s is refused before anything is called', async url => {
  expect(guard.refusal(url)).toBeDefined()
  await expect(guard.fetch(url)).rejects.toThrow()
})

test.each(addressesOutside)('%s may be tried', url => {
  expect(guard.refusal(url)).toBeUndefined()
})

test.each([
  ['inside', ['127.0.0.1']],
  ['both ways', ['93.184.215.14', '127.0.0.1']],
  ['nowhere', []],
])('a name that leads %s is refused when it is looked up, and nothing is called', async (_, addresses) => {
  const before = calls
  const lookUp = async () => addresses.map(address => ({ address, family: 4 }))
  const fooled = createGuard({ allow: [], lookUp })
  await expect(fooled.fetch(`http://fine.example:${port}/`)).rejects.toThrow(/leads into a network|has no address/)
  expect(calls).toBe(before)
  fooled.close()
})

test('a host that the operator allows is called, and its redirect is not followed', async () => {
  const open = createGuard({ allow: [`127.0.0.1:${port}`], secureOnly: true })
  const answer = await open.fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { 'x-test': 'yes' }, body: 'hi' })
  expect([answer.status, await answer.text()]).toEqual([200, 'POST yes'])
  const away = await open.fetch(`http://127.0.0.1:${port}/away`)
  expect([away.status, away.headers.get('location')]).toEqual([302, 'http://169.254.169.254/'])
  expect(open.refusal(`http://127.0.0.1:${port + 1}/`)).toBeDefined()
  expect(open.refusal('http://example.org/')).toBe('it must begin with https://')
  open.close()
})

test.each([
  ['8.8.8.8', true],
  ['::ffff:8.8.8.8', false],
  ['not an address', false],
])('%s lies outside: %s', (address, outside) => {
  expect(isOutside(address)).toBe(outside)
})

test('a name that the operator allows may lead inside', async () => {
  const lookUp = async () => [{ address: '127.0.0.1', family: 4 }]
  const open = createGuard({ allow: ['inside.example'], lookUp })
  expect((await open.fetch(`http://inside.example:${port}/`)).status).toBe(200)
  open.close()
})
