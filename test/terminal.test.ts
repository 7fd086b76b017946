import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createTerminalAdapter } from '../adapters/terminal/terminal.ts'
import type { Adapter, Button, Feed, Outgoing } from '../src/adapter.ts'
import { type Heard, isMessage, isPress } from '../src/message.ts'
import { adapterContract } from './adapter.contract.ts'
import { end, finalCard, liveCard, liveCards, progress, text as says, start } from './cards.ts'
import { fakeTerminal } from './terminal.screen.ts'
import { memoryFeed } from './web.house.ts'

const conversation = 'terminal:ada'
const stop: Button = { label: 'Stop', action: 'stop', token: 't-1' }
const running = (text: string, buttons = [stop]): Outgoing => ({ text, buttons, final: false })
const final = (text: string): Outgoing => ({ text, buttons: [], final: true })

let open: Adapter[] = []
afterEach(async () => {
  for (const adapter of open) await adapter.stop()
  open = []
})

/** A keyboard: what is written to it is typed. */
const keyboard = () => Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })

/** A talk on a screen, where the answers come from another adapter. */
async function onScreen(columns?: number, rows?: number) {
  const { screen, text, written } = fakeTerminal(columns, rows)
  const input = keyboard()
  return { ...(await talk(input, screen)), input, screen, text, written }
}

/** A talk over a pipe. */
async function onPipe() {
  const written: string[] = []
  const output = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  const input = new PassThrough()
  return { ...(await talk(input, output)), input, written }
}

async function talk(input: PassThrough, output: Writable, refuse = () => false, feed: Feed = memoryFeed()) {
  const heard: Heard[] = []
  let ends = 0
  const options = { feed, name: 'ada' }
  const adapter = createTerminalAdapter({ ...options, input, output, onEnd: () => void ends++ })
  const worker = createTerminalAdapter({ ...options, input: new PassThrough(), output: new PassThrough() })
  await adapter.start(async what => {
    if (refuse()) throw new Error('redis is away')
    heard.push(what)
  })
  open.push(adapter)
  const hears = async (count: number) => {
    await expect.poll(() => heard.length).toBe(count)
    return heard.at(-1)
  }
  /** The person says this, and a worker posts the first state of the reply. */
  const ask = async (text: string, first: Outgoing) => {
    input.write(`${text}\n`)
    const message = await hears(heard.length + 1)
    const replyTo = message && isMessage(message) ? message.replyTo : undefined
    return worker.post(conversation, first, replyTo)
  }
  return { adapter, worker, heard, hears, ask, ends: () => ends }
}

describe('on a screen', () => {
  test('a card is repainted in place, above the line where the person types', async () => {
    const { ask, worker, text, written } = await onScreen()
    const id = await ask('which tables?', running(liveCard([])))
    expect(text()).toBe('you › which tables?\n💭 thinking…\nyou ›')
    const events = [
      says('I **look**.'),
      start('List_tables'),
      end('List_tables', 200),
      start('Read'),
      progress('Read', 43, '1*2'),
    ]
    await worker.edit(conversation, id, running(liveCard(events)))
    expect(text()).toBe('you › which tables?\nI look.\n\n✅ List_tables · 0.2 s\n⏳ Read · 43 % · 1*2\nyou ›')
    expect(written.join('')).toContain('\u001b[2m✅ List_tables · 0.2 s\u001b[0m\n⏳ Read')
    const more = [...events, end('Read', 100), says('There are')]
    await worker.edit(conversation, id, running(liveCard(more)))
    expect(text()).toBe('you › which tables?\nI look.\n\nThere are\n\n✅ List_tables 0.2 s · ✅ Read 0.1 s\nyou ›')
    await worker.edit(conversation, id, final(finalCard([...more, says(' **3**.')])))
    expect(text()).toBe('you › which tables?\nI look.\n\nThere are 3.\n\n✅ List_tables 0.2 s · ✅ Read 0.1 s\n\nyou ›')
  })

  test('what is half typed stays while cards are repainted', async () => {
    const { ask, worker, text, input } = await onScreen(20)
    const id = await ask('one', running('⏳ a'))
    input.write('a line that is longer than the screen')
    await expect.poll(text).toContain('een')
    await worker.edit(conversation, id, running('⏳ a\n⏳ b'))
    await worker.edit(conversation, id, running('✅ a\n✅ b'))
    expect(text()).toBe('you › one\n✅ a\n✅ b\nyou › a line that is\n longer than the scr\neen')
  })

  test('a second question goes above the card that still lives', async () => {
    const { ask, worker, text } = await onScreen()
    const first = await ask('one', running('⏳ first'))
    const second = await ask('two', running('queued (1 ahead)'))
    expect(text()).toBe('you › one\nyou › two\n⏳ first\nqueued (1 ahead)\nyou ›')
    await worker.edit(conversation, first, final('answer one'))
    await worker.edit(conversation, second, final('answer two'))
    expect(text()).toBe('you › one\nyou › two\nanswer one\n\nanswer two\n\nyou ›')
  })

  test('a card taller than the screen shows its end, and the whole text once when it is final', async () => {
    const { ask, worker, text } = await onScreen(40, 8)
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at + 1}`)
    const id = await ask('long', running('⏳ Thinking'))
    for (const count of [5, 12, 29]) await worker.edit(conversation, id, running(lines.slice(0, count).join('\n')))
    expect(text()).toBe(`you › long\n${lines.slice(23, 29).join('\n')}\nyou ›`)
    await worker.edit(conversation, id, final(lines.join('\n')))
    expect(text()).toBe(`you › long\n${lines.join('\n')}\n\nyou ›`)
  })

  test('wide characters are counted as two columns', async () => {
    const { ask, worker, text } = await onScreen(11)
    const id = await ask('中', running('⏳'))
    await worker.edit(conversation, id, running('数据库里有三个表格'))
    expect(text()).toBe('you › 中\n数据库里有\n三个表格\nyou ›')
    await worker.edit(conversation, id, final('好'))
    expect(text()).toBe('you › 中\n好\n\nyou ›')
  })

  test('a window that was made narrower is cleared as far as its folded rows reach', async () => {
    const { ask, worker, screen, written } = await onScreen(40)
    const id = await ask('one', running('thirty characters in one line!'))
    screen.columns = 20
    written.length = 0
    await worker.edit(conversation, id, running('short'))
    expect(written.join('')).toContain('\u001b[2A')
  })

  test('a terminal that does not know its size is taken for one of 80 by 24', async () => {
    const { ask, text, screen } = await onScreen(80, 24)
    Object.assign(screen, { columns: 0, rows: 0 })
    await ask('one', running('✅ List tables · 0.2 s\n⏳ Read query'))
    expect(text()).toContain('✅ List tables · 0.2 s\n⏳ Read query')
  })

  test('text cannot move the cursor, ring or retitle the window', async () => {
    const { ask, worker, text, written } = await onScreen()
    const id = await ask('attack', running('⏳'))
    await worker.edit(conversation, id, final('a\u001b[2Jb\u001b]0;title\u0007c\u009b1Ad\u202ee\rf'))
    expect(text()).toContain('ab]0;titlec1Adef')
    for (const evil of ['\u001b[2J', '\u001b]', '\u0007', '\u009b', '\u202e']) expect(written.join('')).not.toContain(evil)
  })

  test('the same final text again, and an edit that came too late, write nothing', async () => {
    const { ask, worker, written } = await onScreen()
    const id = await ask('one', running('⏳'))
    await worker.edit(conversation, id, final('done'))
    const before = written.length
    await worker.edit(conversation, id, final('done'))
    await worker.edit(conversation, id, running('⏳ late'))
    expect(written.length).toBe(before)
  })

  test('Ctrl-C stops what runs, and the second one ends the talk', async () => {
    const { ask, hears, input, heard, ends, text } = await onScreen()
    await ask('long task', running('⏳ Thinking'))
    input.write('\u0003')
    expect(await hears(2)).toMatchObject({ action: 'stop', token: 't-1', conversation })
    expect(text()).toContain('Ctrl-C again to leave')
    expect(ends()).toBe(0)
    input.write('\u0003')
    await expect.poll(ends).toBe(1)
    expect(heard.filter(isPress)).toHaveLength(1)
  })

  test('Ctrl-C before there is anything to stop warns first', async () => {
    const { hears, input, ends, text } = await onScreen()
    input.write('hello\n')
    await hears(1)
    input.write('\u0003')
    await expect.poll(text).toContain('Nothing can be stopped yet')
    expect(ends()).toBe(0)
    input.write('\u0003')
    await expect.poll(ends).toBe(1)
  })

  test('Ctrl-C ends the talk at once when nothing runs', async () => {
    const { ask, worker, input, ends } = await onScreen()
    const id = await ask('one', running('⏳'))
    await worker.edit(conversation, id, final('done'))
    input.write('\u0003')
    await expect.poll(ends).toBe(1)
  })

  test('Ctrl-D waits for the open answer and shows it', async () => {
    const { ask, worker, input, ends, text } = await onScreen()
    const id = await ask('one', running('⏳ Thinking'))
    input.write('\u0004')
    await expect.poll(() => text().split('\n').at(-1)).toBe('⏳ Thinking')
    await worker.edit(conversation, id, running('✅ Thinking'))
    expect(ends()).toBe(0)
    await worker.edit(conversation, id, final('done'))
    expect(ends()).toBe(1)
    expect(text()).toBe('you › one\ndone')
  })
})

describe('over a pipe', () => {
  test('each step is written once, then the answer, without a control character', async () => {
    const { ask, worker, written } = await onPipe()
    const events = [says('I look.'), start('List_tables'), progress('List_tables', 43), end('List_tables', 200), start('Read')]
    const id = await ask('which tables?', running(liveCard([])))
    for (const card of liveCards(events)) await worker.edit(conversation, id, running(card))
    await worker.edit(conversation, id, final(finalCard([...events, end('Read', 100), says('There are **3**.')])))
    expect(written.join('')).toBe(
      '⏳ List_tables\n✅ List_tables · 0.2 s\n⏳ Read\nI look.\n\nThere are **3**.\n\n✅ List_tables 0.2 s · ✅ Read 0.1 s\n',
    )
  })

  test('a step is not written again when the card has room for the newest steps only', async () => {
    const { ask, worker, written } = await onPipe()
    const id = await ask('which tables?', running(liveCard([])))
    const events = Array.from({ length: 24 }, (_, at) => (at % 2 ? end('Read', 200) : start('Read')))
    for (const card of liveCards(events)) await worker.edit(conversation, id, running(card))
    expect(written.join('')).toBe('⏳ Read\n✅ Read · 0.2 s\n'.repeat(12))
  })

  test('its end is told once the open answers are final', async () => {
    const { ask, worker, input, ends } = await onPipe()
    const first = await ask('one', running('⏳'))
    const second = await ask('two', running('⏳'))
    input.end()
    await worker.edit(conversation, first, final('1'))
    expect(ends()).toBe(0)
    await worker.edit(conversation, second, final('2'))
    await expect.poll(ends).toBe(1)
  })

  test('what came, and ended, before the feed was ready is answered too', async () => {
    const feed = memoryFeed()
    const slow = { ...feed, listen: (...to: Parameters<typeof feed.listen>) => sleep(20).then(() => feed.listen(...to)) }
    const [input, output] = [new PassThrough().end('hello\n'), new PassThrough()]
    const { hears, worker, ends } = await talk(input, output, () => false, slow)
    await worker.post(conversation, final('Hello.'), (await hears(1))?.id)
    await expect.poll(ends).toBe(1)
    expect(String(output.read())).toBe('Hello.\n')
  })

  test('its end is told at once when nothing was asked', async () => {
    const { input, ends } = await onPipe()
    input.end('\n  \n')
    await expect.poll(ends).toBe(1)
  })

  test('messages arrive in the order of their lines, empty ones not at all', async () => {
    const { input, heard, hears } = await onPipe()
    input.write('one\n\ntwo\nthree\n')
    await hears(3)
    expect(heard.filter(isMessage).map(message => message.text)).toEqual(['one', 'two', 'three'])
    expect(heard[0]).toMatchObject({ conversation, author: { id: 'ada' }, kind: 'chat' })
  })

  test('what could not be kept is said, and does not hold up the end', async () => {
    const written: string[] = []
    const output = new PassThrough()
    output.on('data', chunk => written.push(String(chunk)))
    const input = new PassThrough()
    const { ends } = await talk(input, output, () => true)
    input.end('hello\n')
    await expect.poll(ends).toBe(1)
    await expect.poll(() => written.join('')).toContain('could not be kept')
  })
})

adapterContract('terminal', async () => {
  const feed = memoryFeed()
  const input = keyboard()
  const options = { feed, name: 'ada' }
  const { screen, text } = fakeTerminal(80, 24)
  const adapter = createTerminalAdapter({ ...options, input, output: screen })
  const shown = new Map<string, string>()
  await feed.listen(conversation, event => {
    const { id, out } = event as { id: string; out: Outgoing }
    shown.set(id, out.text)
  })
  return {
    adapter,
    second: createTerminalAdapter({ ...options, input: new PassThrough(), output: new PassThrough() }),
    conversation,
    say: text => void input.write(`${text}\n`),
    press: (_, label) =>
      void input.write(label === 'Stop' ? '\u0003' : `${new RegExp(`(\\d+)\\] ${label}`).exec(text())?.[1]}\n`),
    told: () => [...shown.values()],
    shown: () => [...shown.values()],
    redelivers: false,
    close: () => adapter.stop(),
  }
})
