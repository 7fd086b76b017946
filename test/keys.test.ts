import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { runKeys } from '../script/keys.ts'
import { variables } from '../src/config/variables.ts'
import { createKeys, type KeysOptions, type MadeKey } from '../src/keys.ts'
import { silentLog } from '../src/log.ts'
import { createRedact } from '../src/redact.ts'
import { createSessions } from '../src/sessions.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterEach(() => rooms.redis.flushall())
afterAll(() => rooms.close())

const open = (more: Partial<KeysOptions> = {}) => createKeys(rooms.redis, { log: silentLog, lookEveryMs: 20, ...more })
const person = { admin: false, again: false }
const hashOf = (key = '') => createHash('sha256').update(key).digest('hex')

/** What a gateway hears. */
async function listen(keys = open()) {
  let heard: MadeKey[] = []
  const leave = await keys.listen(known => {
    heard = known
  })
  onTestFinished(leave)
  return { keys, heard: () => heard, leave }
}

describe('a key that is made', () => {
  test('is told once, kept as its hash alone, and known to every gateway that runs', async () => {
    const { heard } = await listen()
    const key = await open().add('ada', { admin: true, again: false })
    expect(key).toMatch(/^bhk_[\w-]{43}$/)
    await expect.poll(heard).toEqual([{ name: 'ada', hash: hashOf(key), admin: true }])
    const kept = await Promise.all((await rooms.redis.keys('*')).map(name => rooms.redis.hgetall(name)))
    expect(JSON.stringify(kept)).toContain(hashOf(key))
    expect(JSON.stringify(kept)).not.toContain(key?.slice(4))
  })

  test('is unknown to every gateway soon after it is revoked', async () => {
    const { keys, heard } = await listen()
    await keys.add('ada', person)
    await expect.poll(heard).toHaveLength(1)
    expect(await open().revoke('ada')).toBe(true)
    await expect.poll(heard).toEqual([])
    expect(await keys.revoke('ada')).toBe(false)
  })

  test('does not get the name of another, be his valid, revoked or of the settings, unless the operator says so', async () => {
    const keys = open({ apiKeys: [{ name: 'carol', key: 'c' }, 'bare'] })
    await keys.add('ada', person)
    const { leave } = await listen(keys)
    leave()
    const later = open()
    expect(await later.add('ada', person)).toBeUndefined()
    await later.revoke('ada')
    expect(await later.add('ada', person)).toBeUndefined()
    expect(await later.add('carol', person)).toBeUndefined()
    expect((await later.list()).map(({ name, state }) => [name, state])).toEqual([
      ['ada', 'revoked'],
      ['carol', 'settings'],
    ])
    expect(await later.add('ada', { admin: false, again: true })).toBeDefined()
    expect(await later.list()).toMatchObject([{ name: 'ada', state: 'valid' }, { name: 'carol' }])
  })

  test('ends the earlier one of its name, and is no admin because that one was', async () => {
    const { keys, heard } = await listen()
    await keys.add('ada', { admin: true, again: false })
    const next = await keys.add('ada', { admin: false, again: true })
    await expect.poll(heard).toEqual([{ name: 'ada', hash: hashOf(next), admin: false }])
  })

  test('tells the day on which it was used', async () => {
    const { keys } = await listen()
    await keys.add('ada', person)
    expect((await keys.list())[0]?.used).toBeUndefined()
    keys.used('ada')
    await expect.poll(async () => (await keys.list())[0]?.used).toBe(new Date().toISOString().slice(0, 10))
  })

  test('is cut out of what the bot says, wherever it got it from', async () => {
    const key = (await open().add('ada', person)) ?? ''
    expect(createRedact([])(`the key is ${key}.`)).toBe('the key is [hidden].')
    expect(createRedact([])(`the key is ${key.slice(0, 20)}`, true)).toBe('the key is ')
  })

  test.each(['local', 'key-0123456789ab', 'Ada', 'a:b', 'a.b', '', '1a', 'a'.repeat(33)])('cannot be called "%s"', async name => {
    await expect(open().add(name, { admin: false, again: true })).rejects.toThrow(/no name/)
  })
})

test('while Redis is away the keys that are known go on, and all is well again when it is back', async () => {
  let isAway = false
  const told: string[] = []
  const { hgetall } = rooms.redis
  const faulty = new Proxy(rooms.redis, {
    get: (redis, name, receiver) => {
      if (name === 'hgetall' && isAway) return async () => Promise.reject(new Error('Redis is away'))
      return name === 'hgetall' ? hgetall.bind(redis) : Reflect.get(redis, name, receiver)
    },
  })
  const log = { ...silentLog, warn: (_facts: object, event: string) => void told.push(event) }
  const { keys, heard } = await listen(createKeys(faulty, { log, lookEveryMs: 20 }))
  await keys.add('ada', person)
  await expect.poll(heard).toHaveLength(1)
  isAway = true
  await open().add('bob', person)
  await expect.poll(() => told.length).toBe(1)
  expect(heard()).toHaveLength(1)
  isAway = false
  await expect.poll(heard).toHaveLength(2)
  expect(told).toEqual([expect.stringContaining('those that are known go on')])
})

describe('npm run keys', () => {
  const run = (...args: string[]) => runKeys(args, open({ apiKeys: [{ name: 'carol', key: 'c' }] }), ['carol'])

  test('prints the key alone, so that a script can take it', async () => {
    const { out, aside, code } = await run('add', 'ada', '--admin')
    expect([out, code]).toEqual([expect.stringMatching(/^bhk_[\w-]{43}$/), 0])
    expect(aside).toMatch(/ada, an admin.*once/)
  })

  test('lists whose keys there are', async () => {
    await run('add', 'ada')
    await run('add', 'bob', '--admin')
    await run('revoke', 'ada')
    const { out = '' } = await run('list')
    expect(out.replaceAll(/\d{4}-\d\d-\d\d/g, 'DAY').split('\n')).toEqual([
      expect.stringMatching(/^ada +revoked DAY +used never$/),
      expect.stringMatching(/^bob +admin, made DAY +used never$/),
      expect.stringMatching(/^carol +in HTTP_API_KEYS +used never$/),
    ])
  })

  test.each<[string[], RegExp]>([
    [['add', 'ada'], /has a key.*--again/],
    [['add', 'carol'], /stands, or stood, in HTTP_API_KEYS.*--again/],
    [['revoke', 'carol'], /take it out there/],
    [['revoke', 'bob'], /no valid key of bob/],
    [['add', 'Ada'], /"Ada" cannot be a name/],
    [['add', 'key-1'], /cannot be a name/],
    [['add', 'bob', '--force'], /npm run keys -- add/],
    [['list', '--admin'], /npm run keys -- add/],
    [['add'], /npm run keys -- add/],
    [[], /npm run keys -- add/],
  ])('says in a sentence why it did nothing: %j', async (args, sentence) => {
    await run('add', 'ada')
    const before = await open().list()
    const { out, aside, code } = await run(...args)
    expect([out, code]).toEqual([undefined, 1])
    expect(aside).toMatch(sentence)
    expect(await open().list()).toEqual(before)
  })
})

describe('sessions of a key', () => {
  const week = 7 * 86_400_000

  test('are as many as it may have, and those that it has go on', async () => {
    const sessions = createSessions(rooms.redis, 2)
    const enter = (id: string, session: string) => sessions.enter(id, session)
    expect([await enter('ada', 's1'), await enter('ada', 's2'), await enter('ada', 's3')]).toEqual([true, true, false])
    expect([await enter('ada', 's1'), await enter('bob', 's3')]).toEqual([true, true])
  })

  test('end by a week of rest', async () => {
    let at = Date.now()
    const sessions = createSessions(rooms.redis, 2, () => at)
    await sessions.enter('ada', 's1')
    at += week / 2
    await sessions.enter('ada', 's2')
    at += week / 2 + 1
    expect(await sessions.enter('ada', 's3')).toBe(true)
    expect(await sessions.enter('ada', 's1')).toBe(false)
  })
})

describe('HTTP_API_KEYS', () => {
  const read = (value: string) => variables.HTTP_API_KEYS.schema.safeParse(value).data

  test.each<[string, unknown]>([
    ['abc', ['abc']],
    ['abc, ada:def', ['abc', { name: 'ada', key: 'def' }]],
    ['ada:d:e:f', [{ name: 'ada', key: 'd:e:f' }]],
    [':d:e', ['d:e']],
    [
      'ada:old,ada:new',
      [
        { name: 'ada', key: 'old' },
        { name: 'ada', key: 'new' },
      ],
    ],
    ['Ada:def', undefined],
    ['local:def', undefined],
    ['key-0123456789ab:def', undefined],
    ['ada:', undefined],
    [':', undefined],
  ])('%s', (value, keys) => {
    expect(read(value)).toEqual(keys)
  })

  test.each([
    ['web:ada', true],
    ['web:local', true],
    ['web:key-0123456789ab', true],
    ['web:key-one', false],
    ['discord:ada', false],
  ])('ADMINS=%s', (value, isGood) => {
    expect(variables.ADMINS.schema.safeParse(value).success).toBe(isGood)
  })
})
