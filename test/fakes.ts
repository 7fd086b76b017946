import type { Adapter, Outgoing } from '../src/adapter.ts'
import { Gone } from '../src/errors.ts'
import type { Message } from '../src/message.ts'
import type { Entry, Model, ModelEvent, Prompt, Tool } from '../src/model.ts'
import type { Toolbox, ToolResult } from '../src/toolbox.ts'

export interface FakeChat {
  adapter: Adapter
  /** What a person would see on the screen, by message id. */
  shown: Map<string, Outgoing>
  /** Every call, in order. */
  calls: { kind: 'post' | 'edit'; id: string; out: Outgoing }[]
  /** Of every post. */
  keys: string[]
  /** Of every post that made a message. */
  repliedTo: (string | undefined)[]
  /** The next calls throw these, one each. */
  failNext(...errors: Error[]): void
  /** How many of those are still to be thrown. */
  failures(): number
  /** The next post is done, but its answer is lost on the way. */
  loseNext(): void
}

/** A platform in memory. */
export function fakeChat(limits: Partial<Adapter['limits']> = {}): FakeChat {
  const shown = new Map<string, Outgoing>()
  const calls: FakeChat['calls'] = []
  const failures: Error[] = []
  const keys: string[] = []
  const repliedTo: FakeChat['repliedTo'] = []
  const known = new Map<string, string>()
  let losing = false
  const take = () => {
    const failure = failures.shift()
    if (failure) throw failure
  }
  const adapter: Adapter = {
    platform: 'fake',
    limits: { chars: 2000, length: text => text.length, editEveryMs: 20, keyedPosts: true, ...limits },
    async start() {},
    async stop() {},
    async post(_conversation, out, replyTo, key) {
      take()
      if (key !== undefined) keys.push(key)
      const earlier = adapter.limits.keyedPosts ? known.get(key ?? '') : undefined
      const id = earlier ?? String(shown.size + 1)
      calls.push({ kind: 'post', id, out })
      if (earlier === undefined) {
        shown.set(id, out)
        repliedTo.push(replyTo)
      }
      if (key !== undefined) known.set(key, id)
      if (losing) {
        losing = false
        throw new Error('the line broke')
      }
      return id
    },
    async edit(_conversation, id, out) {
      take()
      if (!shown.has(id)) throw new Gone(`message ${id}`)
      calls.push({ kind: 'edit', id, out })
      shown.set(id, out)
    },
  }
  return {
    adapter,
    shown,
    calls,
    keys,
    repliedTo,
    failures: () => failures.length,
    failNext: (...errors) => void failures.push(...errors),
    loseNext: () => (losing = true),
  }
}

/** A model that says its lines, one step after the other; a line may be an error that it throws. */
export function scriptedModel(...steps: (ModelEvent | Error)[][]): Model & { heard: Prompt[] } {
  const heard: Prompt[] = []
  const model = async function* (prompt: Prompt) {
    heard.push({ ...prompt, transcript: [...prompt.transcript] })
    for (const event of steps[heard.length - 1] ?? []) {
      if (event instanceof Error) throw event
      yield event
    }
  }
  return Object.assign(model, { heard })
}

export const say = (delta: string): ModelEvent => ({ type: 'text', delta })
export const call = (name: string, input: Record<string, unknown> = {}, id = name): ModelEvent => ({
  type: 'call',
  call: { id, name, input },
})

export type FakeTool = (
  input: Record<string, unknown>,
  options: Parameters<Toolbox['call']>[2],
) => Promise<ToolResult> | ToolResult

/** Tools that are functions, which anybody may call; those named in `repeatable` may be called again when their fate is unknown. */
export function fakeToolbox(tools: Record<string, FakeTool> = {}, repeatable: string[] = []): Toolbox {
  const list = Object.keys(tools).map(
    (name): Tool => ({
      name,
      description: name,
      inputSchema: { type: 'object', properties: {} },
      label: name,
      server: 'fake',
      repeatable: repeatable.includes(name),
      permission: 'allow',
    }),
  )
  return {
    list: () => list,
    resolve: name => list.find(tool => tool.name === name),
    async call(name, input, options) {
      const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
      return tool?.(input, options) ?? { ok: false, text: `there is no tool ${name}` }
    },
    servers: () => [{ name: 'fake', state: 'active', tools: list.length }],
  }
}

export const texts = (entries: Entry[]) => entries.map(entry => `${entry.role}: ${entry.text}`)

let count = 0
export function aMessage(text: string, over: Partial<Message> = {}): Message {
  return {
    id: `fake:1:${++count}`,
    conversation: 'fake:1',
    author: { id: 'u', name: 'Ann' },
    text,
    attachments: [],
    sentAt: Date.now(),
    kind: 'chat',
    ...over,
  }
}
