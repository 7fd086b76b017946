import { isSpecType, type JSONRPCMessage, type Tool, type Transport } from '@modelcontextprotocol/client'

/**
 * Puts right what servers commonly send wrong, before the SDK sees it and throws away the whole answer:
 * one bad tool would lose the list, one bad block the result, a dropped stream would hang until the deadline.
 */
export function mendTransport(transport: Transport, report: (complaint: string) => void): void {
  const asked = new Map<unknown, string>()
  let hear: Transport['onmessage']

  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (!('method' in message) || !('id' in message)) {
      if ('method' in message && message.method === 'notifications/cancelled') asked.delete(message.params?.['requestId'])
      return send(message, options)
    }
    const { id, method } = message
    asked.set(id, method)
    options?.requestSignal?.addEventListener('abort', () => asked.delete(id), { once: true })
    return send(message, {
      ...options,
      onRequestStreamEnd() {
        options?.onRequestStreamEnd?.()
        if (asked.delete(id))
          hear?.({ jsonrpc: '2.0', id, error: { code: -32000, message: 'the connection was lost before the answer came' } })
      },
    })
  }

  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: () => hear && ((...[message, extra]: Parameters<NonNullable<typeof hear>>) => hear?.(mend(message), extra)),
    set: (listener: Transport['onmessage']) => {
      hear = listener
    },
  })

  function mend<T extends JSONRPCMessage>(message: T): T {
    if (!('result' in message) || !('id' in message)) return forget(message)
    const method = asked.get(message.id)
    asked.delete(message.id)
    if (method === 'tools/list') return { ...message, result: mendList(message.result, report) }
    if (method === 'tools/call') return { ...message, result: mendResult(message.result) }
    return message
  }

  function forget<T extends JSONRPCMessage>(message: T): T {
    if ('error' in message) asked.delete(message.id)
    return message
  }
}

type Loose = Record<string, unknown>

export function mendList<T extends Loose>(result: T, report: (complaint: string) => void): T {
  const { tools } = result
  if (!Array.isArray(tools)) return result
  return { ...result, tools: tools.map(tool => mendTool(tool, report)).filter(tool => tool !== undefined) }
}

function mendTool(tool: unknown, report: (complaint: string) => void): Tool | undefined {
  if (!isRecord(tool) || typeof tool['name'] !== 'string' || tool['name'] === '') {
    report('left out a tool without a name')
    return undefined
  }
  const { name, title, description, inputSchema, annotations } = tool
  // No outputSchema: results that do not match it, which are common, would be thrown away.
  const mended = {
    name,
    inputSchema: isRecord(inputSchema) ? { ...inputSchema, type: 'object' } : { type: 'object' },
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(isSpecType.ToolAnnotations(annotations) ? { annotations } : {}),
  }
  if (isSpecType.Tool(mended)) return mended as Tool
  report(`left out the tool "${name}": its definition is not valid`)
  return undefined
}

/** What `mendList` reported to be left out of a list; undefined when the complaint is of something else. */
export function leftOut(complaint: string): { name: string; reason: string } | undefined {
  const [all, name = '', reason = 'it has no name'] =
    /^left out (?:a tool without a name|the tool "(.*)": (.*))$/s.exec(complaint) ?? []
  return all === undefined ? undefined : { name, reason }
}

export function mendResult<T extends Loose>(result: T): T {
  const { content } = result
  if (content === undefined && 'structuredContent' in result) return { ...result, content: [] }
  if (!Array.isArray(content)) return result
  return { ...result, content: content.map(block => (isSpecType.ContentBlock(block) ? block : mendBlock(block))) }
}

function mendBlock(block: unknown): Loose {
  if (isRecord(block) && typeof block['text'] === 'string') return { type: 'text', text: block['text'] }
  const type = isRecord(block) && typeof block['type'] === 'string' ? block['type'] : 'unknown'
  return { type: 'text', text: `[${type} content that cannot be shown]` }
}

export function isRecord(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
