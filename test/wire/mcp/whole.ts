// Says a little of everything that the protocols have, by hand, as a server of any date. Run as a program it speaks over stdio.
import { type Hand, isRefusal, type Line, type Said, serveStdioByHand, unknown } from './by-hand.ts'

const png = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').toString('base64')
const words = (said: string) => ({ content: [{ type: 'text', text: said }] })
const schema = { type: 'object' }
const sum = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] }
const changed = { method: 'notifications/tools/list_changed' }
const capabilities = {
  tools: { listChanged: true },
  resources: {},
  prompts: {},
  completions: {},
  logging: {},
  tasks: { requests: { tools: { call: {} } } },
}
const instructions = 'Say what you want.'
/** One page of each list, by the cursor that leads to it. */
const pages: Record<string, Record<string, unknown[]>> = {
  'tools/list': {
    '': [
      { name: 'said', inputSchema: schema, annotations: { readOnlyHint: true } },
      { name: 'sum', inputSchema: schema, outputSchema: sum },
      { name: 'broken', inputSchema: schema, outputSchema: sum },
      { name: 'refuse', inputSchema: schema },
    ],
    next: [
      { inputSchema: schema },
      'nonsense',
      ...['media', 'drip', 'hang', 'crash', 'log', 'huge', 'grow'].map(name => ({ name, inputSchema: schema })),
    ],
    last: ['slow', 'fails', 'endless'].map(name => ({ name, inputSchema: schema, execution: { taskSupport: 'required' } })),
  },
  'resources/list': {
    '': [{ name: 'rules', uri: 'hotel://rules', mimeType: 'text/plain' }],
    next: [{ name: 'map', uri: 'hotel://map', mimeType: 'image/png' }],
  },
  // Its last page leads to itself.
  'resources/templates/list': { '': [{ name: 'room', uriTemplate: 'hotel://room/{number}' }], again: [] },
  'prompts/list': { '': [{ name: 'letter', arguments: [{ name: 'to', required: true }] }], next: [{ name: 'bill' }] },
}
const keys: Record<string, string> = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
}

/** `date` is that of its protocol. */
export function createWhole(date: string): Hand {
  const isNew = date === '2026-07-28'
  const stamp = isNew ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}
  const heard: string[] = []
  const listeners: { line: Line; id: unknown }[] = []
  const tasks = createTasks(isNew)
  let grown = false

  const methods: Record<string, (said: Said, line: Line) => object | undefined> = {
    'tools/call': ({ id, params }, line) => {
      const { name, _meta, task } = params
      if (tasks.names.includes(name)) return tasks.begin(name, task)
      if (name === 'said') return words(JSON.stringify(heard))
      // A field of its own, which is no task.
      if (name === 'sum') return { content: [], structuredContent: { sum: 42 }, task: { taskId: 'of the month' } }
      if (name === 'broken') return { ...words('about 42'), structuredContent: { sum: 'forty-two' } }
      if (name === 'refuse') return { ...words('not today'), isError: true }
      if (name === 'media') return media
      if (name === 'huge') return words('x'.repeat(200_000))
      if (name === 'drip') return void drip(id, _meta?.progressToken, line)
      if (name === 'crash') return void line.cut()
      if (name === 'log') {
        line.tell({ method: 'notifications/message', params: { level: 'info', logger: 'desk', data: 'Bob is here' } })
        return words('logged')
      }
      if (name === 'grow') {
        grown = true
        const [listener] = listeners
        if (!isNew) line.push(changed)
        else listener?.line.tell({ ...changed, params: { _meta: { 'io.modelcontextprotocol/subscriptionId': listener.id } } })
        return words('grown')
      }
      return undefined
    },
    'resources/read': ({ params: { uri } }) => ({
      contents: [uri === 'hotel://map' ? { uri, mimeType: 'image/png', blob: png } : { uri, text: `All of ${uri}` }],
    }),
    'prompts/get': ({ params }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Write to ${params.arguments.to}.` } }],
    }),
    'completion/complete': ({ params }) => ({
      completion: { values: ['Bob', 'Eve'].filter(one => one.startsWith(params.argument.value)) },
    }),
    'logging/setLevel': () => ({}),
    ping: () => ({}),
    ...tasks.methods,
    ...(isNew
      ? {
          'server/discover': () => ({ supportedVersions: [date], capabilities, instructions }),
          'subscriptions/listen': ({ id }: Said, line: Line) => {
            listeners.push({ line, id })
            const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
            line.tell({
              method: 'notifications/subscriptions/acknowledged',
              params: { _meta, notifications: { toolsListChanged: true } },
            })
            return undefined
          },
        }
      : {
          initialize: () => ({ protocolVersion: date, capabilities, instructions, serverInfo: { name: 'whole', version: '1' } }),
        }),
  }

  return (said, line) => {
    const { id, method, params = {} } = said
    heard.push(method)
    const list = pages[method]
    if (list) {
      const at = Object.keys(list).indexOf(params.cursor ?? '')
      const more = method === 'tools/list' && grown && at === 0 ? [{ name: 'grown', inputSchema: schema }] : []
      const nextCursor = Object.keys(list)[at + 1] ?? ('again' in list ? 'again' : undefined)
      return { [keys[method] ?? '']: [...(Object.values(list)[at] ?? []), ...more], ...(nextCursor && { nextCursor }), ...stamp }
    }
    const answer = methods[method]
    if (!answer) return id === undefined ? undefined : unknown
    const result = answer(said, line)
    return result && (isRefusal(result) ? result : { ...stamp, ...result })
  }
}

const media = {
  content: [
    { type: 'text', text: 'Look:' },
    { type: 'hologram', rays: 3 },
    { type: 'image', mimeType: 'image/png', data: png },
    { type: 'audio', mimeType: 'audio/ogg', data: Buffer.from('OggS').toString('base64') },
    { type: 'resource_link', name: 'bill', uri: 'hotel://bill' },
    { type: 'resource', resource: { uri: 'hotel://note', text: 'No dogs.' } },
    { type: 'resource', resource: { uri: 'hotel://plan.pdf', blob: Buffer.from('%PDF-1.7').toString('base64') } },
  ],
}

/** Answers later than a call may be silent, and tells how far it is. */
function drip(id: Said['id'], progressToken: unknown, line: Line): void {
  let progress = 0
  const timer = setInterval(() => {
    if (++progress <= 8) {
      const params = { progressToken, progress, total: 8, message: `step ${progress}` }
      return line.tell({ method: 'notifications/progress', params })
    }
    clearInterval(timer)
    line.tell({ id, result: { resultType: 'complete', ...words('dripped') } })
  }, 100)
}

/** Calls that become tasks: of the extension, or those of 2025-11-25, which are made as such. */
function createTasks(isNew: boolean) {
  const names = ['slow', 'fails', 'endless']
  let name = ''
  let polls = 0
  const state = (status: string, more = {}) => ({
    ...{ taskId: 't-1', status, ttl: null, ttlMs: null, pollIntervalMs: 100, pollInterval: 100, ...more },
    ...(!isNew && { createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:00Z' }),
  })
  function look(): object {
    polls++
    if (name === 'endless' || polls < 3) return state('working', { statusMessage: `step ${polls}` })
    if (name === 'fails') return state('failed', { statusMessage: 'no room', error: { code: -32603, message: 'no room' } })
    return state('completed', isNew ? { result: words('done') } : {})
  }
  return {
    names,
    begin(wanted: string, task: unknown): object {
      if (!isNew && task === undefined) return { error: { code: -32601, message: `${wanted} is called as a task` } }
      name = wanted
      polls = 0
      return isNew ? { ...state('working'), resultType: 'task' } : { task: state('working') }
    },
    methods: {
      'tasks/get': look,
      'tasks/cancel': () => (isNew ? {} : state('cancelled')),
      'tasks/result': () => (name === 'fails' ? { error: { code: -32603, message: 'there is no result' } } : words('done')),
    },
  }
}

if (import.meta.main) serveStdioByHand(createWhole(process.argv[2] ?? ''))
