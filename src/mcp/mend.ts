import { isSpecType, type JSONRPCMessage, type Tool, type Transport } from '@modelcontextprotocol/client'
import { mendBlock } from './blocks.ts'
import { tidy } from './clean.ts'
import { createPages } from './pages.ts'

/** The server's connection was lost while it worked on the request. */
export const lostAnswer = 'the connection was lost before the answer came'

type Report = (complaint: string) => void

/**
 * Puts right what servers commonly send wrong, before the SDK sees it and throws away the whole answer:
 * one bad tool would lose the list, one bad block the result, a dropped stream would hang until the deadline. `lostBecause` knows
 * if we dropped it ourselves.
 */
export function mendTransport(
  transport: Transport,
  report: Report,
  lostBecause: () => string | undefined = () => undefined,
): void {
  const asked = new Map<unknown, { method: string; cursor: string | undefined; asTask: boolean }>()
  const turnPage = createPages(report)
  let hear: Transport['onmessage']

  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (!('method' in message) || !('id' in message)) {
      if ('method' in message && message.method === 'notifications/cancelled') asked.delete(message.params?.['requestId'])
      return send(message, options)
    }
    const { id, method, params } = message
    const cursor = typeof params?.['cursor'] === 'string' ? params['cursor'] : undefined
    asked.set(id, { method, cursor, asTask: params?.['task'] !== undefined })
    options?.requestSignal?.addEventListener('abort', () => asked.delete(id), { once: true })
    return send(message, {
      ...options,
      onRequestStreamEnd() {
        options?.onRequestStreamEnd?.()
        if (asked.delete(id)) hear?.({ jsonrpc: '2.0', id, error: { code: -32000, message: lostBecause() ?? lostAnswer } })
      },
    })
  }

  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: () => hear && ((...heard: Parameters<NonNullable<typeof hear>>) => pass(...heard)),
    set: (listener: Transport['onmessage']) => {
      hear = listener
    },
  })

  /** The SDK looks at a notification a moment later, and at an answer at once: news that came just before it would be too late. */
  function pass(...[message, extra]: Parameters<NonNullable<typeof hear>>): void {
    const mended = mend(message)
    if ('method' in mended) hear?.(mended, extra)
    else queueMicrotask(() => hear?.(mended, extra))
  }

  function mend<T extends JSONRPCMessage>(message: T): T {
    if (!('result' in message) || !('id' in message)) return forget(message)
    const { method = '', cursor, asTask = false } = asked.get(message.id) ?? {}
    asked.delete(message.id)
    const task = method === 'tools/call' ? taskOf(message.result, asTask) : undefined
    if (task) return { ...message, result: keepTask(task) }
    if (method === 'tools/call') return { ...message, result: { resultType: 'complete', ...mendResult(message.result, report) } }
    if (method === 'resources/read') return { ...message, result: fillIn(mendContents(message.result, report)) }
    if (method === 'prompts/get') return { ...message, result: mendMessages(message.result, report) }
    if (!method.endsWith('/list')) return message
    const page = fillIn(turnPage(cursor, message.result))
    return { ...message, result: method === 'tools/list' ? mendList(page, report) : mendOtherList(method, page, report) }
  }

  function forget<T extends JSONRPCMessage>(message: T): T {
    if ('error' in message) asked.delete(message.id)
    return message
  }
}

type Loose = Record<string, unknown>

/** Where the name of a task stands in what the SDK takes for a result; it knows no tasks, and would throw it away. */
export const taskKey = 'bellhop/task'

/** A call that is not over yet. */
export interface TaskName {
  id: string
  /** Of the protocols before 2026: the client called the tool as one. */
  asked: boolean
}

function taskOf({ resultType, taskId, task }: Loose, asked: boolean): TaskName | undefined {
  const id = asked && isRecord(task) ? task['taskId'] : resultType === 'task' ? taskId : undefined
  return typeof id === 'string' ? { id, asked } : undefined
}

function keepTask<T extends Loose>(task: TaskName): T {
  return { resultType: 'complete', content: [], _meta: { [taskKey]: task } } as unknown as T
}

export function mendList<T extends Loose>(result: T, report: Report): T {
  const { tools } = result
  if (!Array.isArray(tools)) return result
  const names = new Set<string>()
  const mended = tools.flatMap(tool => mendTool(tool, report) ?? [])
  return { ...result, tools: mended.filter(({ name }) => isFirst(name, names, report)) }
}

const otherLists: Record<string, [key: string, is: (entry: unknown) => boolean]> = {
  'resources/list': ['resources', isSpecType.Resource],
  'resources/templates/list': ['resourceTemplates', isSpecType.ResourceTemplate],
  'prompts/list': ['prompts', isSpecType.Prompt],
}

/** Without the entries that are none: the SDK throws away the whole list for one. */
function mendOtherList<T extends Loose>(method: string, result: T, report: Report): T {
  const [key = '', is] = otherLists[method] ?? []
  const entries = result[key]
  if (!is || !Array.isArray(entries)) return result
  const kept = entries.filter(is)
  if (kept.length < entries.length) report(`left out ${entries.length - kept.length} of ${method}: not valid`)
  return { ...result, [key]: kept }
}

/** As `mendResult`, for what was read. */
function mendContents<T extends Loose>(result: T, report: Report): T {
  const { contents } = result
  if (!Array.isArray(contents)) return result
  const mended = contents.map(resource => mendBlock({ type: 'resource', resource }, report))
  return { ...result, contents: mended.flatMap(block => ('resource' in block ? [block.resource] : [])) }
}

function mendMessages<T extends Loose>(result: T, report: Report): T {
  const { messages } = result
  if (!Array.isArray(messages)) return result
  const mended = messages.filter(isRecord).map(message => ({ ...message, content: mendBlock(message['content'], report) }))
  return { ...result, messages: mended }
}

function isFirst(name: string, names: Set<string>, report: Report): boolean {
  if (names.has(name)) report(`left out the tool "${name}": there is one of this name before it`)
  return names.size < names.add(name).size
}

/** What the newest protocol demands of every page, and some that speak it forget. */
function fillIn<T extends Loose>(result: T): T {
  const { _meta, resultType = 'complete', ttlMs, cacheScope, ...rest } = result
  return {
    ...rest,
    resultType,
    ttlMs: Number.isSafeInteger(ttlMs) && Number(ttlMs) >= 0 ? ttlMs : 0,
    cacheScope: cacheScope === 'public' ? 'public' : 'private',
    ...(isRecord(_meta) ? { _meta } : {}),
  } as unknown as T
}

/** Where a tool keeps the schema of its results. Where it belongs, the SDK would throw away every result that does not match. */
export const outputSchemaKey = 'bellhop/outputSchema'
/** Where a tool of 2025-11-25 says that it is called as a task or not at all: the newest protocol has no place for it. */
export const taskOnlyKey = 'bellhop/taskOnly'

const maxDescriptionChars = 4000
/** Beyond this, reading a schema piece by piece overflows the stack, and writing it costs a prompt. */
const maxDepth = 64
const maxSchemaChars = 100_000

function mendTool(tool: unknown, report: Report): Tool | undefined {
  if (!isRecord(tool) || typeof tool['name'] !== 'string' || tool['name'] === '') {
    report('left out a tool without a name')
    return undefined
  }
  const { name, title, description, inputSchema, outputSchema, annotations, execution } = tool
  const leaveOut = (why: string) => {
    report(`left out the tool "${name}": ${why}`)
    return undefined
  }
  if (isTooDeep(inputSchema, maxDepth)) return leaveOut('its schema is nested too deeply')
  if (JSON.stringify(inputSchema ?? null).length > maxSchemaChars) return leaveOut('its schema is too long')
  const schema = isRecord(inputSchema) ? cleanWords(inputSchema) : {}
  const _meta = {
    ...(isRecord(outputSchema) && !isTooDeep(outputSchema, maxDepth) ? { [outputSchemaKey]: cleanWords(outputSchema) } : {}),
    ...(isRecord(execution) && execution['taskSupport'] === 'required' ? { [taskOnlyKey]: true } : {}),
  }
  const mended = {
    name,
    inputSchema: { ...schema, type: 'object' },
    ...(typeof title === 'string' ? { title: tidy(title, 200) } : {}),
    ...(typeof description === 'string' ? { description: tidy(description, maxDescriptionChars) } : {}),
    ...(isSpecType.ToolAnnotations(annotations) ? { annotations } : {}),
    ...(Object.keys(_meta).length > 0 ? { _meta } : {}),
  }
  return isSpecType.Tool(mended) ? (mended as Tool) : leaveOut('its definition is not valid')
}

function isTooDeep(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return left === 0 || Object.values(value).some(part => isTooDeep(part, left - 1))
}

/** What `mendList` reported to be left out of a list; undefined when the complaint is of something else. */
export function leftOut(complaint: string): { name: string; reason: string } | undefined {
  const [all, name = '', reason = 'it has no name'] =
    /^left out (?:a tool without a name|the tool "(.*)": (.*))$/s.exec(complaint) ?? []
  return all === undefined ? undefined : { name, reason }
}

/** What a schema says in words is read by the model as the description is. */
function cleanWords(schema: Loose): Loose {
  const part = (key: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(one => part('', one))
    if (isRecord(value)) return cleanWords(value)
    return typeof value === 'string' && (key === 'description' || key === 'title') ? tidy(value, maxDescriptionChars) : value
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, part(key, value)]))
}

/** Blocks that cannot be read are told in words; `report` says why. */
export function mendResult<T extends Loose>(result: T, report: Report = () => {}): T {
  const { _meta, isError, content = [], structuredContent, ...rest } = result
  if (result['resultType'] !== undefined && result['resultType'] !== 'complete') return result
  if (!('content' in result) && !('structuredContent' in result)) return result
  const blocks = Array.isArray(content) ? content : content === null ? [] : [content]
  // Before 2026 it had to be an object, and before 2026 no result said of which type it is.
  const isNamed = isRecord(structuredContent) || 'resultType' in result
  const isExtra = !isNamed && structuredContent !== undefined && structuredContent !== null
  if (isExtra && blocks.length === 0) blocks.push({ type: 'text', text: JSON.stringify(structuredContent, null, 2) })
  return {
    ...rest,
    ...(isNamed && structuredContent !== undefined ? { structuredContent } : {}),
    content: blocks.map(block => mendBlock(block, report)),
    ...(isError === undefined ? {} : { isError: isError === true || isError === 'true' }),
    ...(isRecord(_meta) ? { _meta } : {}),
  } as unknown as T
}

export function isRecord(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
