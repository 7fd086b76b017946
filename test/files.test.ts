import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Gone, RateLimited, Refused } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { Message } from '../src/message.ts'
import type { KeptFile } from '../src/model.ts'
import type { Final, Step } from '../src/queue/journal.ts'
import { LeaseLost } from '../src/queue/lease.ts'
import { tokenOf } from '../src/queue/token.ts'
import { postFiles } from '../src/reply/post-files.ts'
import type { ToolFile } from '../src/toolbox.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { aFile, jpeg, pdf, png, voice, withFiles } from './media.ts'
import { answered, finals, hanging, testWorkers } from './workers.ts'

const { rooms, work, ask, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const never = new AbortController().signal
const idle = () => expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
/** All that Redis holds of the conversation but the files themselves. */
async function stored(): Promise<string> {
  const keys = (await rooms.redis.keys('bellhop:*fake:1*')).filter(key => !key.includes(':file:'))
  const read = async (key: string) => {
    const type = await rooms.redis.type(key)
    if (type === 'list') return rooms.redis.lrange(key, 0, -1)
    return type === 'hash' ? rooms.redis.hgetall(key) : rooms.redis.get(key)
  }
  return JSON.stringify(await Promise.all(keys.map(read)))
}

/** A turn that another worker began and left: with these steps, or with its answer. */
async function leftBehind(message: Message, steps: Step[], final?: Final): Promise<void> {
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', never)
  await rooms.journal.begin(lease, [message])
  if (steps.length > 0) await rooms.journal.keepSteps(lease, message.id, steps)
  if (final) await rooms.journal.keepFinal(lease, message.id, final)
  await lease.release()
}

async function kept(name: string, data: Uint8Array, number?: number, mime = 'image/png'): Promise<KeptFile> {
  const id = await rooms.files.keep('fake:1', data)
  return { id, name, mime, bytes: data.length, ...(number !== undefined && { number }) }
}

/** A tool `draw` that returns these files. */
const draws = (...files: ToolFile[]) => fakeToolbox({ draw: () => ({ ok: true, text: 'Drawn.', files }) }, ['draw'])

describe('what tools return beside words', () => {
  test('follows the answer as files, and the model reads which', async () => {
    const chat = fakeChat()
    const { posted } = withFiles(chat)
    const { postFile } = chat.adapter
    const before: string[][] = []
    chat.adapter.postFile = (...file) => {
      before.push(finals(chat))
      return postFile?.(...file) ?? Promise.reject(new Error('there is none'))
    }
    const model = scriptedModel([call('draw')], [say('Here it is.')])
    await work(chat, model, draws({ data: png }, { name: 'report://q1/table.csv', data: Buffer.from('a,b\n') }))
    const message = aMessage('draw', { replyTo: 'm7' })
    await ask(message)
    await idle()
    expect(model.heard[1]?.transcript.at(-1)?.text).toBe(
      'Drawn.\n\n[image image/png, 2 KB, shown to the person as file 1]\n\n[file text/plain, 4 bytes, shown to the person as file 2]',
    )
    expect(posted).toEqual([
      { name: 'image-1.png', mime: 'image/png', data: png, replyTo: 'm7', key: `${tokenOf(message.id)}.f0` },
      { name: 'table.csv', mime: 'text/plain', data: Buffer.from('a,b\n'), replyTo: 'm7', key: `${tokenOf(message.id)}.f1` },
    ])
    expect(before).toEqual(Array(2).fill([expect.stringContaining('Here it is.')]))
    const history = await rooms.history.load('fake:1')
    expect(history.map(entry => Object.keys(entry))).toContainEqual(['role', 'callId', 'name', 'text', 'ok', 'outcome', 'remark'])
    const bytes = await Promise.all((await rooms.redis.keys('*:file:*')).map(key => rooms.redis.strlen(key)))
    expect(bytes).toEqual([0, 0])
  })

  test('the model sees the pictures at the next step, and at that alone; no byte of them is in the journal', async () => {
    const chat = fakeChat()
    withFiles(chat)
    let journal = ''
    const model = scriptedModel([call('draw')], [call('look')], [say('Seen.')])
    const files = [{ data: png }, { data: voice }, { data: jpeg }]
    const toolbox = fakeToolbox({
      draw: () => ({ ok: true, text: 'Drawn.', files }),
      look: async () => {
        journal = await stored()
        return { ok: true, text: 'ok' }
      },
    })
    await work(chat, model, toolbox)
    await ask(aMessage('draw'))
    await answered(chat, 1)
    const pictures = model.heard.map(({ transcript }) =>
      transcript.flatMap(entry => (entry.role === 'tool' ? (entry.pictures ?? []).map(({ name }) => name) : [])),
    )
    expect(pictures).toEqual([[], ['image-1.png', 'image-3.jpg'], []])
    expect(model.heard[1]?.transcript.at(-1)).toMatchObject({
      pictures: [{ data: Buffer.from(png) }, { data: Buffer.from(jpeg) }],
    })
    expect(journal).toContain('image-1.png')
    expect(journal.length).toBeLessThan(3000)
  })

  test('a recording is named to the model, and follows the answer', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const model = scriptedModel([call('draw')], [say('Listen.')])
    await work(chat, model, draws({ data: voice }))
    await ask(aMessage('speak'))
    await idle()
    expect(model.heard[1]?.transcript.at(-1)).toMatchObject({
      role: 'tool',
      callId: 'draw',
      name: 'draw',
      ok: true,
      text: 'Drawn.\n\n[audio audio/ogg, 2 KB, shown to the person as file 1]',
      files: [expect.objectContaining({ name: 'audio-1.ogg', mime: 'audio/ogg' })],
    })
    expect(names()).toEqual(['audio-1.ogg'])
  })

  test('no more than four go with one answer, none above 10 MB, and the model knows', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const model = scriptedModel([call('draw', {}, 'c1'), call('draw', {}, 'c2')], [say('Many.')])
    await work(
      chat,
      model,
      draws({ data: aFile('%PDF-', 10_000_001) }, { data: png }, { data: pdf }, { data: png }, { data: jpeg }),
    )
    await ask(aMessage('draw'))
    await idle()
    expect(names()).toHaveLength(4)
    const read = model.heard[1]?.transcript.map(({ text }) => text).join('\n') ?? ''
    expect(read.match(/shown to the person as file [1-4]\]/g)).toHaveLength(4)
    expect(read.match(/not shown to the person: it is larger than 10 MB\]/g)).toHaveLength(2)
    expect(read.match(/not shown to the person: no more than 4 files go with one answer\]/g)).toHaveLength(4)
    expect(model.heard[1]?.transcript.flatMap(one => (one.role === 'tool' ? (one.pictures ?? []) : []))).toHaveLength(4)
  })

  test('what was made for the model is seen by it alone, and takes nobody else the room', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const model = scriptedModel([call('draw')], [say('Seen.')])
    await work(chat, model, draws({ data: png, unposted: true }, { data: jpeg }))
    await ask(aMessage('draw'))
    await idle()
    expect(names()).toEqual(['image-1.jpg'])
    expect(model.heard[1]?.transcript.at(-1)).toMatchObject({
      text: expect.stringContaining('[image image/png, 2 KB, not shown to the person: it was made for you]'),
      pictures: [{ mime: 'image/png' }, { mime: 'image/jpeg' }],
    })
  })

  test('where a door cannot show files, the model knows, and sees the pictures all the same', async () => {
    const chat = fakeChat()
    const model = scriptedModel([call('draw')], [say('A drawing.')])
    await work(chat, model, draws({ data: png }, { data: pdf }))
    await ask(aMessage('draw'))
    await idle()
    expect(finals(chat)[0]).toContain('A drawing.')
    expect(model.heard[1]?.transcript.at(-1)).toMatchObject({
      text: expect.stringContaining('[image image/png, 2 KB, not shown to the person: files cannot be shown where they are]'),
      pictures: [{ mime: 'image/png' }],
    })
    expect(await Promise.all((await rooms.redis.keys('*:file:*')).map(key => rooms.redis.strlen(key)))).toEqual([0])
  })

  test('/call shows them too', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    await work(chat, scriptedModel(), draws({ data: png }))
    await ask(aMessage('/call draw'))
    await idle()
    expect(names()).toEqual(['image-1.png'])
    expect(finals(chat)[0]).toContain('shown to the person as file 1')
  })

  test('files that cannot be kept are lost in words, and the turn goes on', async () => {
    const chat = fakeChat()
    withFiles(chat)
    const { keep } = rooms.files
    rooms.files.keep = () => Promise.reject(new Error('OOM command not allowed'))
    const model = scriptedModel([call('draw')], [say('Sorry.')])
    await work(chat, model, draws({ data: png }))
    await ask(aMessage('draw'))
    await answered(chat, 1)
    rooms.files.keep = keep
    expect(model.heard[1]?.transcript.at(-1)?.text).toBe(
      'Drawn.\n\n[the files that it returned were lost and are not shown to the person]',
    )
  })

  test.each([
    ['a stop', 'stop', ['image-1.png']],
    ['the deletion of the question', 'withdraw', []],
  ] as const)('%s in the middle leaves what was done so far', async (_how, what, shown) => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    let running = false
    const toolbox = fakeToolbox({
      draw: () => ({ ok: true, text: 'Drawn.', files: [{ data: png }] }),
      hang: hanging(() => (running = true)),
    })
    await work(chat, scriptedModel([call('draw')], [call('hang')]), toolbox)
    await ask(aMessage('draw'))
    await expect.poll(() => running).toBe(true)
    await rooms.signals.send({ conversation: 'fake:1', by: 'u', what })
    await answered(chat, 1)
    await idle()
    expect(names()).toEqual(shown)
  })
})

describe('a worker that goes on', () => {
  const said: Step = { type: 'said', entry: { role: 'assistant', text: '', calls: [{ id: 'c', name: 'draw', input: {} }] } }

  test('has the files of a result in the journal, shows them to the model, and counts on', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const files = [await kept('first.png', png, 1)]
    const entry = { role: 'tool' as const, callId: 'c', name: 'draw', text: 'Drawn.', ok: true, files }
    await leftBehind(aMessage('draw'), [said, { type: 'begun', callId: 'c' }, { type: 'result', entry, ms: 1 }])
    const model = scriptedModel([call('draw', {}, 'again')], [say('Two.')])
    await work(chat, model, draws({ data: jpeg }))
    await rooms.jobs.ring('fake:1')
    await idle()
    expect(model.heard[0]?.transcript.at(-1)).toMatchObject({ pictures: [{ name: 'first.png' }] })
    expect(model.heard[1]?.transcript.at(-1)?.text).toContain('as file 2]')
    expect(names()).toEqual(['first.png', 'image-2.jpg'])
  })

  test('posts only the files that do not stand yet, in their order, among them a text of the house', async () => {
    const chat = fakeChat()
    const { posted } = withFiles(chat)
    const markdown = Buffer.from('# The whole answer')
    const files = [
      await kept('answer.md', markdown, 1, 'text/markdown'),
      await kept('b.png', png, 2),
      await kept('c.png', png, 3),
    ]
    await rooms.files.markPosted('fake:1', files[1]?.id ?? '')
    await leftBehind(aMessage('draw'), [], { text: 'Here.', entries: [], files })
    await work(chat, scriptedModel())
    await rooms.jobs.ring('fake:1')
    await idle()
    expect(posted.map(({ name, mime, data }) => [name, mime, data.length])).toEqual([
      ['answer.md', 'text/markdown', markdown.length],
      ['c.png', 'image/png', 2000],
    ])
  })

  test('posts none again when it died between the last file and the end of the turn', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const { finish } = rooms.inbox
    let deaths = 0
    rooms.inbox.finish = (...turn) => (deaths++ === 0 ? Promise.reject(new Error('the power went')) : finish(...turn))
    await work(chat, scriptedModel([call('draw')], [say('Here.')]), draws({ data: png }, { data: png }))
    await ask(aMessage('draw'))
    await expect.poll(() => deaths).toBe(1)
    await rooms.jobs.ring('fake:1')
    await idle()
    rooms.inbox.finish = finish
    expect(deaths).toBe(2)
    expect(names()).toEqual(['image-1.png', 'image-2.png'])
  })

  test('says which files have faded meanwhile', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const [gone, there] = [await kept('old.png', png, 1), await kept('new.png', png, 2)]
    await rooms.redis.del(...(await rooms.redis.keys(`*${gone.id}`)))
    await leftBehind(aMessage('draw'), [], { text: 'Here.', entries: [], files: [gone, there] })
    await work(chat, scriptedModel())
    await rooms.jobs.ring('fake:1')
    await idle()
    expect(names()).toEqual(['new.png'])
    expect(finals(chat)).toEqual(['Here.\n\nI could not send `old.png` (2 KB) to this chat.'])
  })
})

describe('a platform that', () => {
  async function draw(chat: ReturnType<typeof fakeChat>): Promise<void> {
    await work(
      chat,
      scriptedModel([call('draw')], [say('Here.')]),
      draws({ name: 'a.png', data: png }, { name: 'b.png', data: png }),
    )
    await ask(aMessage('draw'))
    await idle()
  }

  test('wants patience gets it', async () => {
    const chat = fakeChat()
    const { names, failNext } = withFiles(chat)
    failNext(new RateLimited(30), new Error('502'))
    await draw(chat)
    expect(names()).toEqual(['a.png', 'b.png'])
  })

  test('took a file is not given it again when that could not be kept at once', async () => {
    const chat = fakeChat()
    const { names } = withFiles(chat)
    const { markPosted } = rooms.files
    let stumbles = 2
    rooms.files.markPosted = async (...file) => {
      if (stumbles-- > 0) throw new Error('Redis stumbled')
      await markPosted(...file)
    }
    await draw(chat)
    rooms.files.markPosted = markPosted
    expect(names()).toEqual(['a.png', 'b.png'])
  })

  test('never takes a file gets a sentence in its place, below the answer', async () => {
    const chat = fakeChat()
    const { names, failNext } = withFiles(chat)
    failNext(new Refused('413'))
    await draw(chat)
    expect(names()).toEqual(['b.png'])
    expect(finals(chat)).toEqual([expect.stringMatching(/^Here\.[\s\S]*\n\nI could not send `a\.png` \(2 KB\) to this chat\.$/)])
  })

  test('has lost the chat gets no more', async () => {
    const chat = fakeChat()
    const { posted, failNext } = withFiles(chat)
    failNext(new Gone('kicked'))
    await draw(chat)
    expect(posted).toEqual([])
    expect(finals(chat)[0]).not.toContain('could not')
  })

  test('is not called by a worker that has lost the conversation', async () => {
    const chat = fakeChat()
    const { posted } = withFiles(chat)
    const losing = new AbortController()
    const posting = postFiles([await kept('a.png', png, 1)], {
      ...rooms,
      adapter: chat.adapter,
      message: aMessage('draw'),
      turn: 't',
      async mayAct() {
        losing.abort(new LeaseLost('another worker goes on'))
        losing.signal.throwIfAborted()
      },
      closing: losing.signal,
      log: silentLog,
    })
    await expect(posting).rejects.toThrow(LeaseLost)
    expect(posted).toEqual([])
  })
})
