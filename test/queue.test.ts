import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import type { Message } from '../src/message.ts'
import type { Entry } from '../src/model.ts'
import { createJobs } from '../src/queue/jobs.ts'
import { createLeases, LeaseLost } from '../src/queue/lease.ts'
import { doesInOrder } from '../src/redis/connect.ts'
import { keysOf } from '../src/redis/keys.ts'
import { createTurns, type Turn } from '../src/turns.ts'
import { aMessage } from './fakes.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterAll(() => rooms.close())
afterEach(() => rooms.redis.flushall())

const user = (text: string): Entry => ({ role: 'user', text })

test('a message that is redelivered is kept once', async () => {
  const message = aMessage('hi')
  expect(await rooms.inbox.add(message)).toBe(0)
  expect(await rooms.inbox.add(message)).toBeUndefined()
  expect(await rooms.inbox.add(aMessage('next'))).toBe(1)
  expect((await rooms.inbox.waiting('fake:1')).map(({ text }) => text)).toEqual(['hi', 'next'])
})

const hold = (conversation: string) => rooms.leases.take(conversation, new AbortController().signal)

test('finishing a turn remembers, forgets and goes on, all at once', async () => {
  const [first, second] = [aMessage('one'), aMessage('two')]
  await rooms.inbox.add(first)
  await rooms.inbox.add(second)
  const lease = await hold('fake:1')
  await rooms.journal.begin(lease, [first])
  await rooms.inbox.finish([first], [user('one')], lease)
  expect(await rooms.history.load('fake:1')).toEqual([user('one')])
  expect(await rooms.journal.isRunning('fake:1')).toBe(false)
  expect(await rooms.inbox.waiting('fake:1')).toEqual([second])
  expect(await rooms.inbox.unfinished(-1000)).toEqual(['fake:1'])
  await rooms.inbox.finish([second], [], lease)
  expect(await rooms.inbox.unfinished(-1000)).toEqual([])
})

test('a turn that is finished twice changes nothing the second time', async () => {
  const [first, second] = [aMessage('one'), aMessage('two')]
  await rooms.inbox.add(first)
  await rooms.inbox.add(second)
  const lease = await hold('fake:1')
  await rooms.inbox.finish([first], [user('one')], lease)
  await rooms.inbox.finish([first], [user('one')], lease)
  expect(await rooms.history.load('fake:1')).toHaveLength(1)
  expect(await rooms.inbox.waiting('fake:1')).toEqual([second])
})

test('a lease comes with what waits, and is let go with the last of it', async () => {
  const [first, second] = [aMessage('one'), aMessage('two')]
  await rooms.inbox.add(first)
  await rooms.inbox.add(second)
  const lease = await hold('fake:1')
  expect(lease.mail).toEqual([first, second])
  expect(await rooms.inbox.finish([first], [], lease)).toEqual([second])
  expect(await rooms.leases.tryTake('fake:1')).toBeUndefined()
  expect(await rooms.inbox.finish([second], [], lease)).toEqual([])
  const next = await rooms.leases.tryTake('fake:1')
  expect(next?.mail).toEqual([])
  await lease.release() // of who has let it go: the next holder keeps it
  expect(await rooms.leases.tryTake('fake:1')).toBeUndefined()
})

test('who let a lease go claims it no more', async () => {
  const quick = createLeases(rooms.redis, { lifeMs: 300, renewMs: 5 })
  for (let turn = 0; turn < 20; turn++) {
    const message = aMessage(`${turn}`)
    await rooms.inbox.add(message)
    const lease = await quick.take('fake:1', new AbortController().signal)
    await sleep(turn % 7) // so that a claim falls before, into and after the end
    await rooms.inbox.finish([message], [], lease)
    await sleep(12)
    const next = await quick.tryTake('fake:1')
    expect(next).toBeDefined()
    await next?.release()
  }
})

test('a message that may answer a question is not kept, and its author alone is concerned', async () => {
  await rooms.redis.hset(keysOf('fake:1').asked, 'u', 'token')
  const message = aMessage('blue', { author: { id: 'u', name: 'Ada' } })
  expect(await rooms.inbox.addUnlessAsked(message)).toBe('asked')
  expect(await rooms.inbox.waiting('fake:1')).toEqual([])
  expect(await rooms.inbox.addUnlessAsked(aMessage('red', { author: { id: 'v', name: 'Ben' } }))).toBe(0)
  expect(await rooms.inbox.add(message)).toBe(1)
  expect(await rooms.inbox.addUnlessAsked({ ...message, conversation: 'fake:2' })).toBe(0)
})

test('a Redis that has forgotten its scripts is told them again', async () => {
  await rooms.inbox.add(aMessage('one'))
  await rooms.redis.script('FLUSH')
  expect(await rooms.inbox.add(aMessage('two'))).toBe(1)
})

test('the journal of one message is not taken for that of another', async () => {
  const [first, second] = [aMessage('one'), aMessage('two')]
  await rooms.inbox.add(first)
  const lease = await hold('fake:1')
  const final = { text: 'answer', entries: [user('one')] }
  expect(await rooms.journal.begin(lease, [first])).toEqual({
    messages: [first],
    attempts: 1,
    again: false,
    replies: [],
    notes: new Map(),
    steps: [],
    earlier: [],
    keptAt: expect.any(Number),
  })
  await rooms.journal.keepReplies(lease, first.id, ['r1', 'r2'])
  await rooms.journal.keepSteps(lease, first.id, [{ type: 'begun', callId: 'c1' }])
  await rooms.journal.keepFinal(lease, first.id, final)
  expect(await rooms.journal.begin(lease, [first])).toEqual({
    messages: [first],
    attempts: 2,
    again: true,
    replies: ['r1', 'r2'],
    notes: new Map(),
    steps: [{ type: 'begun', callId: 'c1' }],
    earlier: [],
    keptAt: expect.any(Number),
    final,
  })
  await rooms.journal.handOver(lease, first.id)
  expect(await rooms.journal.begin(lease, [first])).toMatchObject({ attempts: 2 })
  await rooms.redis.del(keysOf('fake:1').inbox)
  await rooms.inbox.add(second)
  expect(await rooms.journal.begin(lease, [second])).toEqual({
    messages: [second],
    attempts: 1,
    again: false,
    replies: [],
    notes: new Map(),
    steps: [],
    earlier: [],
    keptAt: expect.any(Number),
  })
})

test('a lease that ran out unnoticed is kept by who had it, unless another had it since', async () => {
  const forgetful = createLeases(rooms.redis, { lifeMs: 60, renewMs: 40 })
  const mine = await forgetful.take('fake:1', new AbortController().signal)
  await rooms.redis.del((await rooms.redis.keys('*:lease:*'))[0] ?? '')
  await sleep(80)
  await mine.check()
  await rooms.redis.del((await rooms.redis.keys('*:lease:*'))[0] ?? '')
  const other = await hold('fake:1')
  await other.release()
  await sleep(80)
  await expect(mine.check()).rejects.toThrow('another worker has taken fake:1')
  await expect(rooms.journal.begin(mine, [aMessage('late')])).rejects.toThrow(LeaseLost)
  await expect(rooms.inbox.finish([aMessage('late')], [], mine)).rejects.toThrow(LeaseLost)
})

test('one conversation is answered in order and never twice at once; others run beside it', async () => {
  const log: string[] = []
  const active = new Set<string>()
  let most = 0
  const answer = async ([message = aMessage('none')]: Message[], turn: Turn) => {
    expect(active.has(message.conversation)).toBe(false)
    active.add(message.conversation)
    most = Math.max(most, active.size)
    await sleep(3)
    active.delete(message.conversation)
    log.push(`${message.conversation} ${message.text}`)
    return rooms.inbox.finish([message], [], turn.lease)
  }
  const handle = createTurns({ ...rooms, answer })
  const workers = [createJobs(rooms.house, silentLog), createJobs(rooms.house, silentLog)]
  for (const worker of workers) worker.work(handle.work, 8)
  for (let i = 0; i < 20; i++) {
    for (const conversation of ['fake:a', 'fake:b', 'fake:c']) {
      await rooms.inbox.add(aMessage(String(i), { conversation }))
      await rooms.jobs.ring(conversation)
    }
  }
  await expect.poll(() => log.length, { timeout: 10_000 }).toBe(60)
  const inOrder = Array.from({ length: 20 }, (_, i) => String(i))
  for (const conversation of ['fake:a', 'fake:b', 'fake:c']) {
    expect(log.filter(line => line.startsWith(conversation)).map(line => line.split(' ')[1])).toEqual(inOrder)
  }
  expect(most).toBeGreaterThan(1)
  await Promise.all(workers.map(worker => worker.close()))
})

test('mail is rung for on its way, and once more when it may have come behind its ring', async () => {
  const heard: string[] = []
  const jobs = createJobs(rooms.house, silentLog)
  jobs.work(async conversation => void heard.push(conversation), 1)
  const keeping = Promise.withResolvers<void>()
  const rung = jobs.ring('fake:slow', keeping.promise)
  const before = doesInOrder(rooms.redis) ? ['fake:slow'] : [] // nodes of a cluster keep no order: there it is rung for when it is there
  await expect.poll(() => heard).toEqual(before)
  await sleep(1100) // as while Redis changes hands
  keeping.resolve()
  await rung
  await expect.poll(() => heard).toEqual([...before, 'fake:slow'])
  await expect(jobs.ring('fake:lost', Promise.reject(new Error('not kept')))).rejects.toThrow('not kept')
  await jobs.close()
})

test('mail that nobody rang for is found by the sweep', async () => {
  const heard: string[] = []
  rooms.jobs.work(async conversation => void heard.push(conversation), 1)
  await rooms.inbox.add({ ...aMessage('stranded', { conversation: 'fake:lost' }) })
  await rooms.redis.zadd((await rooms.redis.keys('*:unfinished'))[0] ?? '', 1, 'fake:lost') // it waits since 1970
  await rooms.jobs.sweep(rooms.inbox)
  await expect.poll(() => heard).toContain('fake:lost')
})

test('events of a conversation are heard in order and once, and those of others not at all', async () => {
  const heard: unknown[] = []
  await rooms.feed.write('web:a', 'before')
  const leave = await rooms.feed.listen('web:a', event => heard.push(event))
  await Promise.all([rooms.feed.write('web:a', 1), rooms.feed.write('web:b', 'other')])
  for (let i = 2; i <= 20; i++) await rooms.feed.write('web:a', i)
  await expect.poll(() => heard.length).toBe(20)
  expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  leave()
  await rooms.feed.write('web:a', 'after')
  await sleep(20)
  expect(heard).toHaveLength(20)
})

test('events that come faster than they can be read are read in few goes', async () => {
  const reads = async () => Number(/cmdstat_xrange:calls=(\d+)/.exec(await rooms.redis.info('commandstats'))?.[1] ?? 0)
  const heard: unknown[] = []
  const leave = await rooms.feed.listen('web:a', event => heard.push(event))
  const before = await reads()
  await Promise.all(Array.from({ length: 300 }, (_, at) => rooms.feed.write('web:a', at, 1000)))
  await expect.poll(() => heard.length).toBe(300)
  leave()
  expect(heard.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 300 }, (_, at) => at))
  expect((await reads()) - before).toBeLessThan(150)
})

test('a stop is heard by who works', async () => {
  const wishes: unknown[] = []
  await rooms.signals.listen(wish => wishes.push(wish))
  await rooms.signals.send({ conversation: 'fake:1', by: 'u', what: 'stop' })
  await expect.poll(() => wishes).toEqual([{ conversation: 'fake:1', by: 'u', what: 'stop' }])
})

test('of a turn that is too long to remember whole, question and answer are remembered', async () => {
  const message = aMessage('long')
  await rooms.inbox.add(message)
  const calls = Array.from({ length: 9 }, (_, at) => ({ id: `c${at}`, name: 't', input: {} }))
  const results = calls.map(({ id }): Entry => ({ role: 'tool', callId: id, name: 't', text: 'x'.repeat(8000), ok: true }))
  const answer: Entry = { role: 'assistant', text: 'short answer', calls: [] }
  await rooms.inbox.finish(
    [message],
    [user('long'), { role: 'assistant', text: '', calls }, ...results, answer],
    await hold('fake:1'),
  )
  expect(await rooms.history.load('fake:1')).toEqual([user('long'), answer])
})

test('half a character in a message does not strand its conversation', async () => {
  const message = aMessage('hi \ud83d')
  await rooms.inbox.add(message)
  await rooms.inbox.finish(await rooms.inbox.waiting('fake:1'), [], await hold('fake:1'))
  expect(await rooms.inbox.waiting('fake:1')).toEqual([])
})

test('history begins with a question however much is cut, and does not grow without end', async () => {
  const lease = await hold('fake:1')
  for (let i = 0; i < 150; i++) {
    const message = aMessage(`q${i}`)
    await rooms.inbox.add(message)
    const calls = [{ id: `c${i}`, name: 't', input: {} }]
    await rooms.inbox.finish(
      [message],
      [
        user(`q${i}`),
        { role: 'assistant', text: '', calls },
        { role: 'tool', callId: `c${i}`, name: 't', text: 'r', ok: true },
        { role: 'assistant', text: 'a', calls: [] },
      ],
      lease,
    )
  }
  const loaded = await rooms.history.load('fake:1')
  expect(loaded[0]?.role).toBe('user')
  expect(loaded.at(-1)).toMatchObject({ role: 'assistant', text: 'a' })
  const stored = (await rooms.redis.keys('*:history:fake:1'))[0] ?? ''
  expect(await rooms.redis.llen(stored)).toBe(400)
  expect(await rooms.redis.ttl(stored)).toBeGreaterThan(600_000)
  await rooms.history.clear('fake:1')
  expect(await rooms.history.load('fake:1')).toEqual([])
})

test('the board forgets workers that went without a word', async () => {
  const notice = { worker: 'w1', model: 'm', servers: [], tools: [] }
  await rooms.board.post(notice)
  await rooms.redis.hset(
    'bellhop:board',
    'dead',
    JSON.stringify({ at: Date.now() - 60_000, notice: { ...notice, worker: 'dead' } }),
  )
  expect(await rooms.board.read()).toEqual([notice])
  expect(await rooms.redis.hkeys('bellhop:board')).toEqual(['w1'])
})

test('the board keeps the tools of all workers once, also when Redis has lost them', async () => {
  const tools = [{ name: 'a__b', description: 'c', label: 'd', server: 'a' }]
  const notice = { worker: 'w1', model: 'm', servers: [], tools }
  await rooms.board.post(notice)
  await rooms.board.post({ ...notice, worker: 'w2' })
  expect(await rooms.redis.keys('bellhop:board:tools:*')).toHaveLength(1)
  expect((await rooms.board.read()).map(read => read.tools)).toEqual([tools, tools])
  await rooms.redis.del(...(await rooms.redis.keys('bellhop:board:tools:*')))
  await rooms.board.post(notice)
  expect(await rooms.board.read()).toContainEqual(notice)
})
