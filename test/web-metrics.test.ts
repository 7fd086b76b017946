import { expect, test } from 'vitest'
import { errorOf, house } from './web.house.ts'

test('GET /metrics gives figures as Prometheus reads them, to who has a key', async () => {
  const { url } = await house({ apiKeys: ['k-12345678'], metrics: async () => 'up 1\n' })
  expect((await fetch(`${url}/metrics`)).status).toBe(401)
  const told = await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer k-12345678' } })
  expect(told.status).toBe(200)
  expect(told.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await told.text()).toBe('up 1\n')
})

test('while there are no figures it says so', async () => {
  const { url } = await house({ metrics: () => Promise.reject(new Error('Redis is away')) })
  const told = await fetch(`${url}/metrics`)
  expect(told.status).toBe(503)
  expect((await errorOf(told)).message).toContain('Redis cannot be reached')
})

test('every request is told by its route as it is declared, whatever was asked for', async () => {
  const told: string[] = []
  const onRequest = ({ method, route, status }: { method: string; route: string; status: number }) =>
    void told.push(`${method} ${route} ${status}`)
  const { url, post } = await house({
    apiKeys: ['k-12345678'],
    onRequest,
    mounts: [{ path: '/hooks/telegram', handle: async () => new Response('ok') }],
  })
  const key = { authorization: 'Bearer k-12345678' }
  await fetch(`${url}/health`)
  await post('/chat', { message: 'hi' }, key)
  await post('/chat', { message: 'hi' })
  await post('/chat', '{', key)
  await fetch(`${url}/v1/models/gpt-9`, { headers: key })
  await fetch(`${url}/chat`, { headers: key })
  await fetch(`${url}/wp-admin/setup.php`, { headers: key })
  await post('/hooks/telegram', {})
  expect(told).toEqual([
    'GET /health 200',
    'POST /chat 200',
    'POST /chat 401',
    'POST /chat 400',
    'GET /v1/models/:model 404',
    'GET /chat 405',
    'GET other 404',
    'POST /hooks/telegram 200',
  ])
})
