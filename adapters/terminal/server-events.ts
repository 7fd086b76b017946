export interface ServerEvent {
  name: string
  /** Read from its JSON. */
  data: unknown
  id?: string
}

/** What comes over a stream of server-sent events until it ends, or breaks, or says nothing at all for so long: all of them are an end. */
export async function* readEvents(body: ReadableStream<Uint8Array> | null, silentMs: number): AsyncGenerator<ServerEvent> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    while (reader) {
      const chunk = await next(reader, silentMs)
      if (chunk === undefined) return
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = readEvent(block)
        if (event) yield event
      }
    }
  } finally {
    reader?.cancel().catch(() => {}) // it broke
  }
}

/** Undefined for a comment. */
function readEvent(block: string): ServerEvent | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const [name, data, id] = [field('event'), field('data'), field('id')]
  if (name === undefined || data === undefined) return undefined
  return { name, data: JSON.parse(data), ...(id !== undefined && { id }) }
}

async function next(reader: ReadableStreamDefaultReader<string>, silentMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), silentMs)
  })
  const read = reader.read().then(
    ({ value }) => value,
    () => undefined,
  )
  return Promise.race([read, silence]).finally(() => clearTimeout(timer))
}
