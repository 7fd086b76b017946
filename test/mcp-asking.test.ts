// What servers ask of the person while they work on a call: real servers of both eras, in processes of their own.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer, AskDraft } from '../src/ask.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import { Parked } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { Host } from '../src/mcp/host.ts'
import { closeAll, openHost, program } from './wire/mcp/start.ts'

afterEach(closeAll)

const here = `${import.meta.dirname}/wire/mcp`
const eras: Record<string, (more?: Partial<ServerConfig>) => ServerConfig> = {
  'of 2026': more => program('hotel', [`${here}/asking.ts`], more),
  'of before': more => program('hotel', [`${here}/asking-v1.ts`], more),
}
const page = 'https://login.example/hotel?for=guest'

/** A host with this server, and a person who answers like that. */
async function openHotel(config: ServerConfig, answer: (draft: AskDraft) => Promise<Answer> | Answer = () => ({ how: 'yes' })) {
  const warnings: unknown[] = []
  const host = openHost({ log: { ...silentLog, warn: facts => void warnings.push(facts) } })
  const asked: AskDraft[] = []
  await host.start([config])
  const ask = async (draft: AskDraft) => {
    asked.push(draft)
    return answer(draft)
  }
  const call = (name: string, more: object = { ask }) =>
    host.call(`hotel__${name}`, {}, { signal: new AbortController().signal, onProgress: () => {}, ...more })
  return { host, asked, call, warnings }
}

describe.each(Object.entries(eras))('a server %s', (_, server) => {
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

describe('a server of before', () => {
  const server = eras['of before'] as (more?: Partial<ServerConfig>) => ServerConfig

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

test('a server of 2026 whose call is made again on another worker is answered there, with the state that it gave', async () => {
  const server = eras['of 2026'] as () => ServerConfig
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
