import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources'

export type ChatMessage = ChatCompletionMessageParam

export interface ToolCall {
  id: string
  name: string
  arguments: string
}

/** What a model said: words, or calls, or both. */
export interface Said {
  text: string
  calls: ToolCall[]
}

export type Ask = (messages: ChatMessage[], tools: ChatCompletionTool[]) => Promise<Said>

/** What a turn is made of, whichever libraries stand behind it. */
export interface Parts {
  platform: {
    post(chat: number, text: string): Promise<number>
    edit(chat: number, message: number, text: string): Promise<void>
  }
  /** Adds what was said and resolves with all that is known, that included. */
  remember(chat: number, said: ChatMessage): Promise<ChatMessage[]>
  ask: Ask
  offered: ChatCompletionTool[]
  callTool(name: string, input: Record<string, unknown>): Promise<string>
}

/** The turn that all compositions answer by: nothing that is shown is waited for before the model or the tool. */
export async function answer({ chat, text }: { chat: number; text: string }, parts: Parts): Promise<void> {
  const { platform, remember, ask, offered, callTool } = parts
  const posted = platform.post(chat, '…')
  let shown: Promise<void> = posted.then(() => {})
  const show = (now: string) => {
    shown = shown.then(async () => platform.edit(chat, await posted, now))
  }
  const messages = await remember(chat, { role: 'user', content: text })
  let said = await ask(messages, offered)
  for (let steps = 0; said.calls.length > 0 && steps < 5; steps++) {
    show(`running ${said.calls.map(({ name }) => name).join(', ')}`)
    const results = said.calls.map(async call => ({
      role: 'tool' as const,
      tool_call_id: call.id,
      content: await callTool(call.name, JSON.parse(call.arguments)),
    }))
    messages.push(
      { role: 'assistant', content: said.text || null, tool_calls: said.calls.map(toCall) },
      ...(await Promise.all(results)),
    )
    said = await ask(messages, offered)
  }
  show(said.text)
  await Promise.all([shown, remember(chat, { role: 'assistant', content: said.text })])
}

const toCall = ({ id, name, arguments: input }: ToolCall) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: input },
})
