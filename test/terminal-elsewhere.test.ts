// The terminal of a bot that runs elsewhere, over its web door.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { talkElsewhere } from '../adapters/terminal/elsewhere.ts'
import { createHttpLine } from '../adapters/terminal/http-line.ts'
import type { MadeKey } from '../adapters/web/key-ring.ts'
import type { WebOptions } from '../adapters/web/web.ts'
import type { Button } from '../src/adapter.ts'
import { loadConfig } from '../src/config/config.ts'
import { openHouse } from '../src/house.ts'
import { silentLog } from '../src/log.ts'
import { isMessage, isPress, type Message } from '../src/message.ts'
import { dataFolder, startProcess } from './processes.ts'
import { fakeTerminal } from './terminal.screen.ts'
import { type Answer, final, house, running, silence, stop } from './web.house.ts'
import { startOpenAiWire } from './wire/openai.ts'

const root = join(import.meta.dirname, '..')

/** The terminal as a program: on a screen, or over pipes. */
function sit(url: string, { onScreen = true, args = [] as string[], key = undefined as string | undefined } = {}) {
  const { screen, text } = fakeTerminal(70, 24)
  const stdin = Object.assign(new PassThrough(), onScreen ? { isTTY: true, setRawMode: () => {} } : {})
  const stdout = new PassThrough({ encoding: 'utf8' })
  let [out, complaint] = ['', '']
  stdout.on('data', (piece: string) => (out += piece))
  const stderr = { write: (sentence: string) => (complaint += sentence) }
  const program = {
    argv: ['node', 'main.ts', '--chat', '--url', url, ...args],
    stdin,
    stdout: onScreen ? screen : stdout,
    stderr,
  }
  let code: number | undefined
  const left = talkElsewhere(program, { BELLHOP_KEY: key }).then(given => {
    code = given
    return given
  })
  return {
    left,
    code: () => code,
    type: (line: string) => void stdin.write(line),
    text,
    out: () => out,
    end: () => void stdin.end(),
    complaint: () => complaint,
  }
}

/** A web door whose answers the test gives. */
async function door(change: Partial<WebOptions> = {}, answer: Answer = silence) {
  const at = await house(change, answer)
  const questions = () => at.heard.filter(isMessage)
  return {
    ...at,
    questions,
    /** The next message, which is of this number. */
    async hears(count: number): Promise<Message> {
      await expect.poll(() => questions().length).toBe(count)
      return questions().at(-1) as Message
    },
    presses: () => at.heard.filter(isPress),
  }
}

/** Between the terminal and the door, where the line breaks. */
async function line(target: string) {
  const sockets = new Set<Socket>()
  const deaf = new Set<Socket>()
  let mode: 'open' | 'refuse' = 'open'
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    if (mode === 'refuse') return void socket.destroy()
    const there = connect(Number(new URL(target).port), '127.0.0.1').on('error', () => socket.destroy())
    sockets.add(there)
    socket.pipe(there).on('close', () => deaf.has(socket) || socket.destroy())
    there.on('data', data => deaf.has(socket) || socket.write(data))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    cut(next: typeof mode) {
      mode = next
      for (const socket of sockets) socket.destroy()
    },
    become(next: typeof mode) {
      mode = next
    },
    /** Nothing comes over what is open now, not even its end. */
    deafen() {
      for (const socket of sockets) deaf.add(socket)
    },
  }
}

describe('on a screen', () => {
  test('the card is repainted in place, and the answer stays', async () => {
    const { url, worker, hears } = await door()
    const { type, text, left } = sit(url)
    await expect.poll(text).toBe('you ›')
    type('which tables?\n')
    const { conversation, replyTo, kind } = await hears(1)
    expect(kind).toBe('chat')
    const id = await worker.post(conversation, running('💭 thinking…'), replyTo)
    await expect.poll(text).toBe('you › which tables?\n💭 thinking…\nyou ›')
    await worker.edit(conversation, id, running('⏳ List tables'))
    await expect.poll(text).toBe('you › which tables?\n⏳ List tables\nyou ›')
    await worker.edit(conversation, id, final('Three.'))
    await expect.poll(text).toBe('you › which tables?\nThree.\n\nyou ›')
    type('/help\n')
    expect(await hears(2)).toMatchObject({ text: '/help', conversation })
    type('\u0003\u0003')
    expect(await left).toBe(0)
  })

  test('a question is answered by the number of its button, and what is said to the press is shown', async () => {
    const approve: Button = { label: 'Approve', action: 'yes', token: 'ask-1' }
    const asks: Answer = async ({ conversation, replyTo }, worker) => {
      await worker.post(conversation, { text: 'May I?', buttons: [approve, stop], final: false }, replyTo)
    }
    const { url, heard } = await house({}, asks, ({ conversation, aside }, worker) =>
      worker.post(conversation, final('Not by you.'), aside),
    )
    const presses = () => heard.filter(isPress)
    const { type, text } = sit(url)
    type('write it\n')
    await expect.poll(text).toContain('May I?\n[1] Approve\nyou ›')
    type('1\n')
    await expect.poll(presses).toMatchObject([{ action: 'yes', token: 'ask-1' }])
    await expect.poll(text).toContain('Not by you.\n\nMay I?\n[1] Approve\nyou ›')
    type('\u0003\u0003')
  })

  test('Ctrl-C stops the turn, and the second time leaves', async () => {
    const { url, worker, hears, presses } = await door()
    const { type, text, left, code } = sit(url)
    type('count to a million\n')
    const { conversation, replyTo } = await hears(1)
    await worker.post(conversation, running('⏳ Counting'), replyTo)
    await expect.poll(text).toContain('⏳ Counting')
    type('\u0003')
    await expect.poll(presses).toMatchObject([{ action: 'stop', token: stop.token }])
    expect(code()).toBeUndefined()
    type('\u0003')
    expect(await left).toBe(0)
  })

  test('a line that breaks is taken up again behind its last event, and nothing is asked twice', async () => {
    const { url, worker, hears, questions } = await door()
    const broken = await line(url)
    const { type, text } = sit(broken.url)
    type('how long?\n')
    const { conversation, replyTo } = await hears(1)
    const id = await worker.post(conversation, running('⏳ Counting'), replyTo)
    await expect.poll(text).toContain('⏳ Counting')
    broken.cut('refuse')
    await expect.poll(text).toContain('the connection is lost; trying again…')
    await worker.edit(conversation, id, final('A minute.'))
    broken.become('open')
    await expect.poll(text).toBe('you › how long?\nThe connection was lost, and is back.\n\nA minute.\n\nyou ›')
    expect(questions()).toHaveLength(1)
    type('\u0003\u0003')
  })

  test('what is refused is said in a sentence, and the talk goes on', async () => {
    const { url } = await door({ apiKeys: ['key-one'], perMinute: 2 }, async ({ conversation, replyTo }, worker) => {
      await worker.post(conversation, final('Yes.'), replyTo)
    })
    const { type, text, code } = sit(url, { key: 'key-one' })
    await expect.poll(text).toBe('you ›')
    // The minute may end in between.
    await expect
      .poll(
        () => {
          type('and now?\n')
          return text().replaceAll(/\s+/g, ' ')
        },
        { interval: 100 },
      )
      .toMatch(/at most 2 requests a minute are answered: come back in a moment \(in \d+ s\)/)
    expect(code()).toBeUndefined()
    type('\u0003\u0003')
  })

  test('an answer whose key is revoked meanwhile ends with a sentence, below what was said', async () => {
    let hear = (_keys: MadeKey[]) => {}
    const ada = { name: 'ada', hash: createHash('sha256').update('key-of-ada').digest('hex'), admin: false }
    const madeKeys = {
      used() {},
      async listen(told: typeof hear) {
        hear = told
        told([ada])
        return () => {}
      },
    }
    const { url, worker, hears } = await door({ apiKeys: ['another'], madeKeys })
    const { type, text, left } = sit(url, { args: ['--key', 'key-of-ada'] })
    type('how long?\n')
    const { conversation, replyTo } = await hears(1)
    expect(conversation).toMatch(/^web:ada:terminal-/)
    await worker.post(conversation, running('I count.\n\n⏳ Counting'), replyTo)
    await expect.poll(text).toContain('⏳ Counting')
    hear([])
    await expect.poll(text).toMatch(/I count\.[\s\S]*this bot asks for a key/)
    type('\u0003\u0003')
    expect(await left).toBe(1)
  })
})

test('a connection that says nothing any more is none', async () => {
  const { url, worker, hears } = await door({ heartbeatEveryMs: 20 })
  const broken = await line(url)
  const shown: unknown[] = []
  const http = createHttpLine({ url: broken.url, session: 'my-session', tells: false, silentMs: 200 })
  onTestFinished(http.close)
  await http.feed.listen('terminal:ada', event => shown.push((event as { out: { text: string } }).out.text))
  const asked = {
    id: 'terminal:1',
    conversation: 'terminal:ada',
    author: { id: 'ada', name: 'ada' },
    text: 'hi',
    attachments: [],
  }
  await http.receive({ ...asked, sentAt: 0, kind: 'chat' })
  const { conversation, replyTo } = await hears(1)
  const id = await worker.post(conversation, running('⏳ Counting'), replyTo)
  await expect.poll(() => shown).toEqual(['⏳ Counting'])
  broken.deafen()
  await worker.edit(conversation, id, final('A minute.'))
  await expect.poll(() => shown).toEqual(['⏳ Counting', 'A minute.'])
})

describe('before anything is asked, one sentence says why nothing can be', () => {
  test.each<[string, Parameters<typeof sit>[1], RegExp]>([
    ['no key', {}, /asks for a key.*--key or in BELLHOP_KEY/],
    ['a wrong key', { args: ['--key', 'wrong'] }, /asks for a key/],
    ['a wrong key in the environment', { key: 'wrong' }, /asks for a key/],
    ['a session that is none', { args: ['--session', 'a b'], key: 'key-one' }, /npm run chat -- --url/],
    ['an option that is none', { args: ['--frob'], key: 'key-one' }, /npm run chat -- --url/],
  ])('%s', async (_what, how, sentence) => {
    const { url, heard } = await door({ apiKeys: ['key-one'] })
    const { left, complaint, end } = sit(url, how)
    expect(await left).toBe(1)
    expect(complaint()).toMatch(sentence)
    expect(complaint().trim()).not.toContain('\n')
    expect(heard).toEqual([])
    end()
  })

  test.each<[string, RegExp]>([
    ['http://no-such-machine.invalid', /there is no no-such-machine\.invalid|cannot be reached/],
    ['localhost:8000', /--url is "localhost:8000": it must be an address/],
    ['ftp://localhost', /it must be an address/],
  ])('%s', async (url, sentence) => {
    const { left, complaint } = sit(url)
    expect(await left).toBe(1)
    expect(complaint()).toMatch(sentence)
  })

  test('a port where nobody listens', async () => {
    const { url, adapter } = await door()
    await adapter.stop()
    const { left, complaint } = sit(url)
    expect(await left).toBe(1)
    expect(complaint()).toBe(`nobody listens at ${url}: does the bot run there, and is the port right?\n`)
  })

  test('an address where something else answers', async () => {
    const { url } = await door()
    const { left, complaint } = sit(`${url}/elsewhere`)
    expect(await left).toBe(1)
    expect(complaint()).toMatch(/nothing at \/elsewhere/)
  })
})

test('a program over pipes asks a whole house with a key that was just made, and is nobody once it is revoked', async () => {
  const data = dataFolder()
  const wire = await startOpenAiWire()
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', DATA_DIR: data.path, PORT: '0', HTTP_API_KEYS: 'carol:key-of-carol' },
    ...{ OPENAI_BASE_URL: wire.url, OPENAI_API_KEY: 'k', SERVERS_CONFIG: join(root, 'bench/no-servers.config.json') },
  }
  const house = await openHouse({ config: loadConfig(root, env), log: silentLog })
  onTestFinished(async () => {
    await house.close()
    await wire.close()
    data.remove()
  })
  const keys = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [join(root, 'script/keys.ts'), ...args], { env })).stdout.trim()
  wire.script([{ text: 'There are **3**.' }, { text: 'As I said, 3.' }])
  const key = await keys('add', 'ada')
  const url = house.webUrl ?? ''
  const status = async () => (await fetch(`${url}/api/servers`, { headers: { authorization: `Bearer ${key}` } })).status
  await expect.poll(status).toBe(200)
  // No Redis of its own is started: the folder of its data stays empty.
  const elsewhere = { DATA_DIR: join(data.path, 'never'), BELLHOP_KEY: key }
  const run = async (input: string) => {
    const child = startProcess(elsewhere, ['--chat', '--url', url])
    child.child.stdin?.end(input)
    return [await child.ended, child.output()]
  }
  expect(await run('how many tables?\n')).toEqual([0, 'There are **3**.\n'])
  expect(await run('and again?\n/usage\n')).toEqual([0, expect.stringMatching(/^(?=[\s\S]*As I said, 3\.)(?=[\s\S]*answers)/)])
  expect(JSON.stringify(wire.requests.at(-1)?.body.messages)).toContain('how many tables?')
  await expect
    .poll(() => keys('list'), { timeout: 10_000, interval: 500 })
    .toMatch(/^ada +made \S+ +used \d{4}-\d\d-\d\d\ncarol +in HTTP_API_KEYS/)
  await keys('revoke', 'ada')
  await expect.poll(status).toBe(401)
  expect(await run('still there?\n')).toEqual([1, expect.stringMatching(/^this bot asks for a key/)])
}, 60_000)
