// Buttons where nothing can be clicked: numbered, and pressed by typing the number.
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { createTerminalAdapter } from '../adapters/terminal/terminal.ts'
import type { Button, Outgoing } from '../src/adapter.ts'
import { type Heard, isMessage, isPress } from '../src/message.ts'
import { fakeTerminal } from './terminal.screen.ts'
import { memoryFeed } from './web.house.ts'

const conversation = 'terminal:ada'
const token = '0123456789abcdef'
const approve: Button = { label: 'Approve', action: 'yes', token, tone: 'good' }
const deny: Button = { label: 'Deny', action: 'no', token, tone: 'bad' }
const stop: Button = { label: 'Stop', action: 'stop', token: 't' }
const asks = (text: string, ...buttons: Button[]): Outgoing => ({ text, buttons: [...buttons, stop], final: false })
const final = (text: string, ...buttons: Button[]): Outgoing => ({ text, buttons, final: true })

/** A talk on a screen, or over a pipe, in which the person has said `go`. */
async function talk(onScreen = true) {
  const { screen, text, written } = fakeTerminal(60, 24)
  const input = Object.assign(new PassThrough(), onScreen ? { isTTY: true, setRawMode: () => {} } : {})
  const pipe = new PassThrough({ encoding: 'utf8' })
  const feed = memoryFeed()
  const adapter = createTerminalAdapter({ feed, name: 'ada', input, output: onScreen ? screen : pipe })
  const worker = createTerminalAdapter({ feed, name: 'ada', input: new PassThrough(), output: new PassThrough() })
  const heard: Heard[] = []
  await adapter.start(async what => void heard.push(what))
  onTestFinished(() => adapter.stop())
  const type = async (line: string) => {
    const before = heard.length
    input.write(`${line}\n`)
    await expect.poll(() => heard.length).toBe(before + 1)
    return heard.at(-1)
  }
  const first = await type('go')
  const post = (out: Outgoing, replyTo = first?.id) => worker.post(conversation, out, replyTo)
  return { input, worker, heard, type, post, text, written, piped: () => String(pipe.read() ?? '') }
}

test('stand below the reply with their numbers, but for Stop, and go with the question', async () => {
  const { worker, type, post, text } = await talk()
  const id = await post(asks('⏳ Write', approve, deny))
  expect(text()).toBe('you › go\n⏳ Write\n[1] Approve  [2] Deny\nyou ›')
  expect(await type('2')).toMatchObject({ action: 'no', token, conversation, author: { id: 'ada' } })
  await worker.edit(conversation, id, asks('💭 thinking…'))
  expect(text()).toBe('you › go\nyou › 2\n💭 thinking…\nyou ›')
  expect(await type('2')).toMatchObject({ text: '2' })
})

test('are pressed by their number alone; all else is said', async () => {
  const { type, post, heard } = await talk()
  await post(asks('May I?', approve, deny))
  for (const line of ['3', '1.', 'no 1', '01', 'yes']) expect(await type(line)).toMatchObject({ text: line })
  expect(heard.filter(isPress)).toEqual([])
  expect(await type(' 1 ')).toMatchObject({ action: 'yes' })
})

test('keep their numbers while another question comes and goes', async () => {
  const { worker, type, post, text } = await talk()
  const first = await post(asks('First?', approve, deny))
  const other = { ...approve, label: 'Other', token: 'other' }
  const second = await post(asks('Second?', other, { ...deny, token: 'other' }), (await type('and this?'))?.id)
  expect(text()).toContain('First?\n[1] Approve  [2] Deny\nSecond?\n[3] Other  [4] Deny\n')
  await worker.edit(conversation, first, final('Done.'))
  expect(text()).toContain('Second?\n[3] Other  [4] Deny\n')
  expect(await type('3')).toMatchObject({ action: 'yes', token: 'other' })
  await worker.edit(conversation, second, final('Done too.'))
  expect(await type('3')).toMatchObject({ text: '3' })
})

test('give no number to another question that somebody may have read below the one before', async () => {
  const { worker, type, post, text } = await talk()
  const id = await post(asks('May I read?', approve, deny))
  await worker.edit(conversation, id, asks('💭 thinking…'))
  await worker.edit(conversation, id, asks('May I write?', { ...approve, token: 'write' }))
  expect(text()).toContain('May I write?\n[3] Approve\n')
  expect(await type('1')).toMatchObject({ text: '1' })
  await worker.edit(conversation, id, asks('💭 thinking…'))
  const third = { ...approve, token: 'third' }
  await expect
    .poll(async () => {
      await worker.edit(conversation, id, asks('💭 thinking…'))
      await worker.edit(conversation, id, asks('And delete?', third))
      return text()
    })
    .toContain('And delete?\n[1] Approve\n')
})

test('of an answer that is complete are open until something new is said, or they are taken away', async () => {
  const { worker, type, post, text } = await talk()
  const retry: Button = { label: 'Retry', action: 'retry', token }
  const id = await post(final('That failed.', retry))
  expect(text()).toBe('you › go\nThat failed.\n[1] Retry\n\nyou ›')
  expect(await type('1')).toMatchObject({ action: 'retry' })
  await worker.edit(conversation, id, final('That failed.'))
  const next = await type('1')
  expect(next).toMatchObject({ text: '1' })
  await post(final('That failed too.', retry), next?.id)
  expect(text()).toContain('too.\n[2] Retry\n')
  expect(await type('never mind')).toMatchObject({ text: 'never mind' })
  expect(await type('2')).toMatchObject({ text: '2' })
})

test('have labels that cannot steer the terminal', async () => {
  const { post, text, written } = await talk()
  await post(asks('May I?', { ...approve, label: 'A\u001b[2Jb\u0007' }))
  expect(text()).toContain('[1] Ab\n')
  for (const evil of ['\u001b[2J', '\u0007']) expect(written.join('')).not.toContain(evil)
})

test('what is said to who pressed stands by itself, and leaves the question open', async () => {
  const { worker, type, post, text } = await talk()
  await post(asks('May I?', approve, deny))
  const press = await type('1')
  await worker.post(conversation, final('Not yet.'), press && isPress(press) ? press.aside : '')
  expect(text()).toBe('you › go\nyou › 1\nNot yet.\n\nMay I?\n[1] Approve  [2] Deny\nyou ›')
})

test('over a pipe are written once with what they are about, and again for another question', async () => {
  const { worker, type, post, piped, heard } = await talk(false)
  const id = await post(asks('I look.\n\nMay I write?', approve, deny))
  await worker.edit(conversation, id, asks('I look.\n\nMay I write?', approve, deny))
  expect(piped()).toBe('I look.\n\nMay I write?\n[1] Approve  [2] Deny\n')
  expect(await type('1')).toMatchObject({ action: 'yes' })
  await worker.edit(conversation, id, asks('I look.\n\nMay I read?', approve, deny))
  expect(piped()).toBe('I look.\n\nMay I read?\n[1] Approve  [2] Deny\n')
  await worker.edit(conversation, id, final('Done.', { ...approve, label: 'Again', action: 'retry' }))
  expect(piped()).toBe('Done.\n[3] Again\n')
  expect(heard.filter(isMessage)).toHaveLength(1)
})
