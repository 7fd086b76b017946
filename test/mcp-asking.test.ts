// What servers ask of the person while they work on a call: real servers of both eras, over every transport.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer, AskDraft } from '../src/ask.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import { Parked } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { Host } from '../src/mcp/host.ts'
import { type Script, said, startRawWeb } from './wire/mcp/raw-web.ts'
import { closeAll, closeWithTest, openHost, remote } from './wire/mcp/start.ts'
import { openAsking, ways } from './wire/mcp/ways.ts'

afterEach(closeAll)

const page = 'https://login.example/hotel?for=guest'

/** A host with this server, and a person who answers like that. */
async function openHotel(
  config: Promise<ServerConfig>,
  answer: (draft: AskDraft) => Promise<Answer> | Answer = () => ({ how: 'yes' }),
) {
  const warnings: unknown[] = []
  const host = openHost({ log: { ...silentLog, warn: facts => void warnings.push(facts) } })
  const asked: AskDraft[] = []
  await host.start([await config])
  const ask = async (draft: AskDraft) => {
    asked.push(draft)
    return answer(draft)
  }
  const call = (name: string, more: object = { ask }) =>
    host.call(`hotel__${name}`, {}, { signal: new AbortController().signal, onProgress: () => {}, ...more })
  return { host, asked, call, warnings }
}

describe.each(ways)('a server %s', (_, way) => {
  const server = (more?: Partial<ServerConfig>) => openAsking(way, more)

  test('asks for the fields of a form, and gets them with what was preset', async () => {
    const { call, asked } = await openHotel(server(), () => ({ how: 'yes', values: { name: 'Bob' } }))
    const result = await call('book')
    expect(result).toMatchObject({ ok: true, text: expect.stringContaining('booked for Bob, 2 nights') })
    expect(asked).toMatchObject([
      {
        kind: 'form',
        from: 'hotel',
        text: 'Who comes?',
        fields: [
          { name: 'name', label: 'Name', kind: 'text', required: true },
          { name: 'nights', kind: 'integer', preset: 2 },
        ],
      },
    ])
  })

  test.each([
    ['no', 'decline'],
    ['away', 'cancel'],
  ] as const)('hears that the person said %s', async (how, action) => {
    const { call } = await openHotel(server(), () => ({ how }))
    expect((await call('book')).text).toBe(`not booked: ${action}`)
  })

  test('sends the person to a page, which is told as it is', async () => {
    const { call, asked } = await openHotel(server())
    expect((await call('sign_in')).text).toBe('visited: accept')
    expect(asked).toMatchObject([{ kind: 'link', url: page, text: 'Sign in first', fields: [] }])
  })

  test('finds nobody to ask where nobody can be asked', async () => {
    const { call } = await openHotel(server())
    expect((await call('book', {})).text).toBe('not booked: cancel')
  })

  test('is given as much time as before, however long the person thinks', async () => {
    const { call } = await openHotel(server({ callMs: 900, maxCallMs: 1200 }), async () => {
      await sleep(2000)
      return { how: 'yes', values: { name: 'Bob' } }
    })
    expect((await call('book')).text).toContain('booked for Bob')
  })

  test('hears of the folders that the operator names, and of no others', async () => {
    const { call, asked } = await openHotel(server({ roots: ['file:///srv/hotel'] }))
    expect((await call('roots')).text).toBe('file:///srv/hotel')
    expect(asked).toEqual([])
  })

  test('is told nothing of the person where the operator does not want it', async () => {
    const { call, asked } = await openHotel(server({ elicitation: false }))
    expect(await call('book')).toMatchObject({ ok: false })
    expect(asked).toEqual([])
  })
})

describe.each(ways.filter(([, { era }]) => era === 'before'))('a server %s', (_, way) => {
  const server = (more?: Partial<ServerConfig>) => openAsking(way, more)

  test('that wants a page to be visited first is asked again when the person was there', async () => {
    const { call, asked } = await openHotel(server())
    expect(await call('locked')).toEqual({ ok: true, text: 'unlocked' })
    expect(asked).toMatchObject([{ kind: 'link', url: page, text: 'Unlock it first' }])
  })

  test('that wants a page to be visited first does nothing when the person declines', async () => {
    const { call } = await openHotel(server(), () => ({ how: 'no' }))
    expect(await call('locked')).toMatchObject({ ok: false, text: expect.stringContaining('did not visit the page') })
  })

  test('asks nobody while it works for two people, since it does not say whom it means', async () => {
    const { call, host, asked, warnings } = await openHotel(server(), () => ({ how: 'yes', values: { name: 'Bob' } }))
    const control = new AbortController()
    const ask = async (): Promise<Answer> => ({ how: 'yes' })
    const other = call('wait', { ask, signal: control.signal })
    await expect.poll(() => underWay(host)).toBe(1)
    expect((await call('book')).text).toBe('not booked: cancel')
    expect(asked).toEqual([])
    expect(JSON.stringify(warnings)).toContain('elicitation/create')
    control.abort()
    await other
    expect((await call('book')).text).toContain('booked for')
    expect(asked).toHaveLength(1)
  })
})

const underWay = (host: Host) => host.sessionStats()[0]?.callsUnderWay

const newest = ways.filter(([, { era }]) => era === '2026')

test.each(newest)('a server %s whose call is made again on another worker is answered there', async (_, way) => {
  const server = () => openAsking(way)
  let later: unknown
  const first = await openHotel(server())
  const ask = async (_draft: AskDraft, what?: unknown): Promise<Answer> => {
    later = JSON.parse(JSON.stringify(what))
    throw new Parked('token')
  }
  await expect(first.call('book', { ask })).rejects.toThrow(Parked)
  await first.host.close()
  const second = await openHotel(server())
  const answered = async (): Promise<Answer> => ({ how: 'yes', values: { name: 'Bob', nights: 3 } })
  expect((await second.call('book', { ask: answered, resume: later })).text).toBe(
    'booked for Bob, 3 nights, state opaque \u00fc=1',
  )
})

test('7. a call that was parked goes on where it was: its server hears the answer, and is not asked anew', async () => {
  const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } }
  const question = { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema } }
  const script: Script = {
    'tools/call'(reply, { params = {} }) {
      const { inputResponses, requestState } = params
      if (inputResponses) reply.json({ resultType: 'complete', ...said(JSON.stringify([inputResponses, requestState])) })
      else reply.json({ resultType: 'input_required', inputRequests: { who: question }, requestState: 'page 7' })
    },
  }
  const web = closeWithTest(await startRawWeb('modern', script))
  const server = async () => remote(web.url, 'http', {}, { name: 'hotel' })
  let later: unknown
  const first = await openHotel(server())
  const ask = async (_draft: AskDraft, what?: unknown): Promise<Answer> => {
    later = JSON.parse(JSON.stringify(what))
    throw new Parked('token')
  }
  await expect(first.call('write', { ask })).rejects.toThrow(Parked)
  await first.host.close()
  const second = await openHotel(server())
  const answered = async (): Promise<Answer> => ({ how: 'yes', values: { name: 'Bob' } })
  const { text } = await second.call('write', { ask: answered, resume: later })
  expect(JSON.parse(text)).toEqual([{ who: { action: 'accept', content: { name: 'Bob' } } }, 'page 7'])
  expect(web.count('tools/call')).toBe(2)
})

test.each(newest)('a server %s asks the person before it tells a prompt', async (_, way) => {
  const { host } = await openHotel(openAsking(way))
  const ask = async (): Promise<Answer> => ({ how: 'yes', values: { room: 'sea' } })
  const entries = await host.getPrompt('hotel', 'letter', { to: 'Bob' }, { signal: new AbortController().signal, ask })
  expect(entries.at(-1)?.text).toBe('Write to Bob about the sea room.')
})
