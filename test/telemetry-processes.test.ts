// One gateway and two workers, as an operator starts them, seen by Prometheus, a collector of traces, and who looks an error up.
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { openRedis } from '../src/redis/redis.ts'
import { createErrorLog } from '../src/telemetry/error-lines.ts'
import { createTurnLog } from '../src/telemetry/turn-log.ts'
import { dataFolder, startProcess } from './processes.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startOtlpWire } from './wire/otlp.ts'

const data = dataFolder()
const closers: (() => unknown)[] = [() => data.remove()]
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const authorization = 'Bearer key-of-the-house'

test('figures of all processes are one sum, an error id leads to its lines, and nothing counted is lost with a worker', async () => {
  const [openai, otlp] = await Promise.all([startOpenAiWire(), startOtlpWire()])
  closers.push(openai.close, otlp.close)
  openai.script(({ messages }) =>
    String(messages.at(-1)?.content).includes('marzipan')
      ? { trouble: 'status', status: 400, message: 'no such luck' }
      : { text: 'Hello.', usage: { input: 10, output: 2 } },
  )
  const env = {
    ...{ DATA_DIR: data.path, SERVERS_CONFIG: join(import.meta.dirname, 'demo.servers.json'), OPENAI_BASE_URL: openai.url },
    ...{ MODEL: 'test-model', HTTP_API_KEYS: 'key-of-the-house', CONCURRENCY: '2', OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url },
  }
  const start = (role: string) => startProcess({ ...env, ROLE: role })
  const gateway = start('gateway')
  const workers = [start('worker'), start('worker')]
  closers.push(() => Promise.all([gateway, ...workers].map(house => house.end('SIGKILL'))))
  await Promise.all([gateway, ...workers].map(house => house.says('Bellhop is up')))
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(gateway.output())?.[0] ?? ''
  const ask = async (message: string) => {
    const body = JSON.stringify({ message })
    const response = await fetch(`${url}/chat`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    })
    return (await response.text()) as string
  }
  const figures = async () => {
    const text = await (await fetch(`${url}/metrics`, { headers: { authorization } })).text()
    const of = (series: string) =>
      Number(
        text
          .split('\n')
          .find(line => line.startsWith(`${series} `))
          ?.split(' ')[1] ?? 0,
      )
    return {
      answered: of('bellhop_turn_seconds_count{platform="web",how="answered"}'),
      failed: of('bellhop_turn_seconds_count{platform="web",how="failed"}'),
      tokens: of('bellhop_model_tokens_total{model="test-model",direction="input"}'),
      lost: of('bellhop_turns_lost_total'),
      asked: of('bellhop_http_requests_total{method="POST",route="/chat",status="200"}'),
      workers: of('bellhop_processes{role="worker"}'),
      gateways: of('bellhop_processes{role="gateway"}'),
    }
  }

  await Promise.all(Array.from({ length: 12 }, (_, at) => ask(`question ${at}`)))
  const [errorId = ''] = /e-\w{8}/.exec(await ask('how is marzipan made?')) ?? []
  const counted = { answered: 12, failed: 1, lost: 0, gateways: 1 }
  await expect.poll(figures, { timeout: 30_000, interval: 500 }).toMatchObject({ ...counted, workers: 2 })
  const { asked, tokens } = await figures()
  expect(asked).toBeGreaterThanOrEqual(12)
  expect(tokens).toBeGreaterThanOrEqual(120)
  expect((await fetch(`${url}/metrics`)).status).toBe(401)

  const place = { root: join(import.meta.dirname, '..'), dir: join(data.path, 'redis'), path: process.env['PATH'] ?? '' }
  const house = await openRedis({ ...place, log: silentLog })
  closers.push(() => house.giveUp())
  const turns = await createTurnLog(house.redis, () => true).recentTurns(20)
  expect(turns).toHaveLength(13)
  expect(new Set(turns.map(({ worker }) => worker)).size).toBe(2)
  await expect.poll(() => createErrorLog(house.redis).recentErrors()).toHaveLength(1)
  const [error] = await createErrorLog(house.redis).recentErrors()
  const failed = turns.find(({ how }) => how === 'failed')
  expect(error).toMatchObject({ id: errorId, conversation: failed?.conversation })
  expect(failed?.errorId).toBe(errorId)
  expect(error?.lines.join('\n')).toContain('the model could not answer')
  expect(error?.lines.join('\n')).toContain('no such luck')
  expect(JSON.stringify([error, turns])).not.toContain('marzipan')

  const [first, second] = workers
  expect(await second?.end()).toBe(0)
  await first?.end('SIGKILL')
  expect(await figures()).toMatchObject({ ...counted, tokens })
  await expect.poll(figures, { timeout: 40_000, interval: 500 }).toMatchObject({ ...counted, tokens, workers: 0 })
  expect(otlp.spans.filter(({ name }) => name === 'invoke_agent bellhop').length).toBeGreaterThan(0)
  expect(otlp.spans[0]?.resource['service.name']).toBe('bellhop')
  for (const { output } of [gateway, ...workers]) expect(output()).not.toContain('marzipan')
}, 120_000)
