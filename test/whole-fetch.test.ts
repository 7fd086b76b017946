import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWholeFetch } from '../src/net/whole-fetch.ts'

let server: Server
let url: string
const ports: (number | undefined)[] = []
const whole = createWholeFetch()

beforeAll(async () => {
  server = createServer((request, response) => {
    ports.push(request.socket.remotePort)
    if (request.url === '/cut') return void request.socket.destroy()
    if (request.url === '/half') {
      response.writeHead(200, { 'content-length': '100' })
      return void response.write('the first half', () => request.socket.destroy())
    }
    if (request.url === '/silent') return
    const said: Buffer[] = []
    request.on('data', (piece: Buffer) => said.push(piece))
    request.on('end', () => {
      response.writeHead(request.url === '/busy' ? 429 : 200, { date: 'Sat, 21 Nov 2026 12:00:00 GMT', 'x-two': ['a', 'b'] })
      response.end(
        JSON.stringify({ method: request.method, type: request.headers['content-type'], said: Buffer.concat(said).toString() }),
      )
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('an answer is read whole, whatever its status, over a connection that stays open', async () => {
  const init = { method: 'POST', body: '{"a":"é"}', headers: { 'content-type': 'application/json' } }
  const good = await whole(`${url}/good`, init)
  expect([good.ok, good.status, good.headers.get('date'), good.headers.get('x-two')]).toEqual([
    true,
    200,
    'Sat, 21 Nov 2026 12:00:00 GMT',
    'a, b',
  ])
  expect(await good.json()).toEqual({ method: 'POST', type: 'application/json', said: '{"a":"é"}' })
  const busy = await whole(new URL(`${url}/busy`), init)
  expect([busy.ok, busy.status, await busy.json()]).toMatchObject([false, 429, { said: '{"a":"é"}' }])
  expect(ports.at(-1)).toBe(ports.at(-2))
})

test('a body that is no text goes the way of the global fetch', async () => {
  const form = new FormData()
  form.append('field', 'value')
  const { said } = (await (await whole(url, { method: 'POST', body: form })).json()) as { said: string }
  expect(said).toContain('name="field"')
  expect(await (await whole(new Request(url))).json()).toMatchObject({ method: 'GET' })
})

test.each(['/cut', '/half'])('a connection that breaks (%s) is a fetch that failed, with the cause', async path => {
  await expect(whole(url + path)).rejects.toMatchObject({
    name: 'TypeError',
    message: 'fetch failed',
    cause: { code: 'ECONNRESET' },
  })
})

test('who gives up hears why he did', async () => {
  const patience = new AbortController()
  const before = ports.length
  const asked = whole(`${url}/silent`, { signal: patience.signal })
  asked.catch(() => {}) // looked at below
  await expect.poll(() => ports.length).toBe(before + 1)
  patience.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
})
