import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Adapter, Button, Outgoing } from '../src/adapter.ts'
import { Gone, RateLimited } from '../src/errors.ts'
import { type Conversation, type Heard, isMessage, isPress, type Message, type Press } from '../src/message.ts'

/** A platform with a person in front of it: what every adapter is held to, real or fake. */
export interface Stage {
  adapter: Adapter
  /** The same platform from another process: made alike, never started. */
  second: Adapter
  /** Where the person sits. */
  conversation: Conversation
  /** The person says this to the bot, by whatever that takes there (a DM, a mention). */
  say(text: string): void | Promise<void>
  /** The same event arrives again. */
  repeat?(): void | Promise<void>
  /** The bot itself, or another bot, says something to the bot, as a person would; absent where there are no bots. */
  botSays?(text: string, who: 'itself' | 'another'): void | Promise<void>
  /** The person presses the button of this label on the message with this id. */
  press?(id: string, label: string): void | Promise<void>
  /** What the person alone was told after a press, or, where nobody else is, what was said. */
  told?(): string[]
  /** What the person reads now, oldest first. */
  shown(): string[]
  /** The next call of the bot is answered "wait this long". */
  limitNext?(ms: number): void
  /** The message with this id is deleted by somebody. */
  forget?(id: string): void
  /** The platform offers again what was not taken. */
  redelivers: boolean
  close(): Promise<void>
}

export const live = (text: string): Outgoing => ({ text, buttons: [], final: false })

/** Runs what every adapter must keep against one that `open` puts on stage. */
export function adapterContract(name: string, open: () => Promise<Stage>): void {
  describe(`${name} keeps the contract of an adapter`, () => {
    let stage: Stage
    let refuse = false
    let refused = 0
    const heard: Heard[] = []
    let onPress: (press: Press) => void = () => {}
    const messages = () => heard.filter(isMessage)
    const hears = (count: number) => expect.poll(() => messages().length, { timeout: 8000 }).toBe(count)

    async function listen(what: Heard): Promise<void> {
      if (refuse) {
        refused++
        throw new Error('not kept')
      }
      heard.push(what)
      if (isPress(what)) onPress(what)
    }

    beforeAll(async () => {
      stage = await open()
      await stage.adapter.start(listen)
    })
    afterAll(() => stage.close())

    test('hears what a person says, once, in the conversation where it was said', async () => {
      await stage.say('hello there')
      await hears(1)
      const [message] = messages() as [Message]
      expect(message.text).toBe('hello there')
      expect(message.conversation).toBe(stage.conversation)
      expect(message.id.startsWith(`${stage.adapter.platform}:`)).toBe(true)
      expect(message.author.id).not.toBe('')
      expect(Math.abs(Date.now() - message.sentAt)).toBeLessThan(3_600_000)
      expect(JSON.parse(JSON.stringify(message))).toEqual(message)
    })

    test('gives a redelivered event the same id', async () => {
      if (!stage.repeat) return
      const before = new Set(messages().map(message => message.id))
      await stage.repeat()
      await stage.say('after the repetition')
      await expect.poll(() => messages().some(message => message.text === 'after the repetition'), { timeout: 8000 }).toBe(true)
      const later = messages().filter(message => message.text !== 'after the repetition')
      expect(new Set(later.map(message => message.id))).toEqual(before)
    })

    test('posts, and edits what it posted', async () => {
      const id = await stage.adapter.post(stage.conversation, live('first'), messages()[0]?.replyTo)
      expect(stage.shown().join('\n')).toContain('first')
      await stage.adapter.edit(stage.conversation, id, live('second'))
      expect(stage.shown().join('\n')).toContain('second')
      expect(stage.shown().join('\n')).not.toContain('first')
    })

    test('shows what is posted twice under one key once, where it says that it knows keys', async () => {
      if (!stage.adapter.limits.keyedPosts) return
      const id = await stage.adapter.post(stage.conversation, live('under a key'), messages()[0]?.replyTo, 'key-1')
      expect(await stage.second.post(stage.conversation, live('under a key'), messages()[0]?.replyTo, 'key-1')).toBe(id)
      expect(await stage.adapter.post(stage.conversation, live('under another key'), undefined, 'key-2')).not.toBe(id)
      expect(stage.shown().filter(text => text.includes('under a key'))).toHaveLength(1)
    })

    test('takes the same edit twice', async () => {
      const id = await stage.adapter.post(stage.conversation, live('same'))
      await stage.adapter.edit(stage.conversation, id, live('same'))
      await stage.adapter.edit(stage.conversation, id, live('same'))
      expect(stage.shown().filter(text => text.includes('same'))).toHaveLength(1)
    })

    test('edits from a process that never listened', async () => {
      const id = await stage.second.post(stage.conversation, live('from afar'))
      await stage.adapter.edit(stage.conversation, id, live('edited here'))
      await stage.second.edit(stage.conversation, id, live('edited there'))
      expect(stage.shown().join('\n')).toContain('edited there')
    })

    test('takes a message that is as long as its limit', async () => {
      const { chars, length } = stage.adapter.limits
      const text = `${'word '.repeat(Math.floor(Math.min(chars, 20_000) / 5) - 2)}end.`
      expect(length(text)).toBeLessThanOrEqual(chars)
      await stage.adapter.post(stage.conversation, { text, buttons: [], final: true })
      await expect.poll(() => stage.shown().some(shown => shown.trim() === text)).toBe(true)
    })

    test('says how long to wait when the platform asks for patience', async () => {
      if (!stage.limitNext) return
      const id = await stage.adapter.post(stage.conversation, live('patience'))
      stage.limitNext(3000)
      const error = await stage.adapter.edit(stage.conversation, id, live('too soon')).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(RateLimited)
      expect((error as RateLimited).retryAfterMs).toBeGreaterThanOrEqual(2900)
    })

    test('says when a message is gone', async () => {
      if (!stage.forget) return
      const id = await stage.adapter.post(stage.conversation, live('short life'))
      stage.forget(id)
      await expect(stage.adapter.edit(stage.conversation, id, live('too late'))).rejects.toBeInstanceOf(Gone)
    })

    test('hears a press on its button', async () => {
      if (!stage.press) return
      const out: Outgoing = { text: 'working', buttons: [{ label: 'Stop', action: 'stop', token: 't-1' }], final: false }
      const id = await stage.adapter.post(stage.conversation, out)
      await stage.press(id, 'Stop')
      await expect.poll(() => heard.filter(isPress).length, { timeout: 8000 }).toBe(1)
      const press = heard.find(isPress)
      expect(press).toMatchObject({ action: 'stop', token: 't-1', conversation: stage.conversation })
    })

    test('tells something to who pressed, from any process, and leaves the message of the button as it is', async () => {
      if (!stage.press) return
      const token = '0123456789abcdef'
      const buttons: Button[] = [
        { label: 'Approve', action: 'yes', token, tone: 'good' },
        { label: 'Second', action: 'pick', token: `${token}.2` },
      ]
      const id = await stage.adapter.post(stage.conversation, { text: 'may I?', buttons, final: false })
      for (const [at, { label, action, token }] of buttons.entries()) {
        const { adapter, second } = stage
        const speaker = at === 0 ? adapter : second
        let press: Press | undefined
        onPress = heard => {
          press = heard
          void speaker.post(heard.conversation, { text: `not ${label} yet`, buttons: [], final: true }, heard.aside)
        }
        await stage.press(id, label)
        await expect.poll(() => press, { timeout: 8000 }).toMatchObject({ action, token, conversation: stage.conversation })
        await expect.poll(() => stage.told?.().join('\n')).toContain(`not ${label} yet`)
        expect(stage.shown().join('\n')).toContain('may I?')
      }
      onPress = () => {}
      await stage.second.edit(stage.conversation, id, { text: 'approved', buttons: [], final: true })
      expect(stage.shown().join('\n')).toContain('approved')
      expect(stage.shown().join('\n')).not.toContain('may I?')
    })

    test.each(['itself', 'another'] as const)('the bot never answers itself or other bots: it does not hear %s', async who => {
      if (!stage.botSays) return
      const before = heard.length
      await stage.botSays(`from ${who}`, who)
      await stage.say(`a person after ${who}`)
      await expect.poll(() => messages().at(-1)?.text, { timeout: 8000 }).toBe(`a person after ${who}`)
      expect(heard.length).toBe(before + 1)
    })

    test('is offered again what could not be kept', async () => {
      if (!stage.redelivers) return
      const before = messages().length
      refuse = true
      await stage.say('keep me')
      await expect.poll(() => refused, { timeout: 8000 }).toBeGreaterThan(0)
      refuse = false
      await hears(before + 1)
      expect(messages().at(-1)?.text).toBe('keep me')
    })

    test('listens again when it is started again', async () => {
      if (stage.adapter.oneListener === undefined) return // it never has to: nobody takes over from it
      await stage.adapter.stop()
      await stage.adapter.start(listen)
      const before = messages().length
      await stage.say('back again?')
      await hears(before + 1)
      expect(messages().at(-1)?.text).toBe('back again?')
    })

    test('hears nothing after it was stopped', async () => {
      await stage.adapter.stop()
      const before = heard.length
      await stage.say('anybody there?')
      await new Promise(resolve => setTimeout(resolve, 150))
      expect(heard.length).toBe(before)
    })
  })
}
