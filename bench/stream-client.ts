import { randomUUID } from 'node:crypto'

/** The answer to a question of the bench: both sides know it. */
export const wordsOf = (question: string, words: number): string =>
  `${question}:${Array.from({ length: words }, (_, at) => ` w${at}`).join('')}`

/** What came of one stream. */
export interface Streamed {
  /** Milliseconds between one chunk and the next. */
  gaps: number[]
  firstMs: number
  chunks: number
  /** Empty when nothing was lost. */
  lost: string[]
}

/** One event, as it stood on the line. */
interface Line {
  event?: string
  id?: string
  data: string
}

type Door = 'api' | 'chat' | 'v1'
export const doors: Door[] = ['api', 'chat', 'v1']

const requests: Record<Door, (question: string) => [path: string, body: object]> = {
  api: content => ['/api/chat/stream', { session_id: randomUUID(), content }],
  chat: message => ['/chat/stream', { session_id: randomUUID(), message }],
  v1: content => ['/v1/chat/completions', { model: 'bellhop', stream: true, messages: [{ role: 'user', content }] }],
}

/** Asks by one of the doors and reads to the end. Throws when it is refused or the line breaks. */
export async function streamOnce(url: string, key: string, door: Door, question: string, answer: string): Promise<Streamed> {
  const [path, body] = requests[door](question)
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const began = performance.now()
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${(await response.text()).slice(0, 200)}`)
  const lines: Line[] = []
  const times: number[] = []
  for await (const line of linesOf(response)) {
    lines.push(line)
    times.push(performance.now())
  }
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time))
  const lost = [...verdicts[door](lines, answer), ...idsGrow(lines)]
  return { gaps, firstMs: (times[0] ?? began) - began, chunks: lines.length, lost }
}

async function* linesOf(response: Response): AsyncGenerator<Line> {
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const id = /^id: (.*)$/m.exec(block)?.[1]
      if (data !== undefined) yield { data, ...(event !== undefined && { event }), ...(id !== undefined && { id }) }
    }
  }
}

const verdicts: Record<Door, (lines: Line[], answer: string) => string[]> = {
  api(lines, answer) {
    const told = lines.map(({ data }) => JSON.parse(data) as { type: string; data: { content?: string } })
    const ends = told.filter(({ type }) => type === 'complete')
    const text = told.map(({ type, data }) => (type === 'chunk' ? (data.content ?? '') : '')).join('')
    return [...once(ends.length, 'complete'), ...same(text, ends[0]?.data.content, 'complete'), ...same(text, answer, 'answer')]
  },
  chat(lines, answer) {
    const cards = lines.flatMap(({ event, data }) =>
      event === 'card' ? [JSON.parse(data) as { text: string; final: boolean }] : [],
    )
    const finals = cards.filter(({ final }) => final)
    const done = lines.flatMap(({ event, data }) => (event === 'done' ? [JSON.parse(data) as { response: string }] : []))
    return [
      ...once(finals.length, 'final card'),
      ...once(done.length, 'done'),
      ...same(finals[0]?.text, done[0]?.response, 'done'),
      ...same(finals[0]?.text, answer, 'answer'),
    ]
  },
  v1(lines, answer) {
    const chunks = lines
      .filter(({ data }) => data !== '[DONE]')
      .map(({ data }) => JSON.parse(data) as { choices?: { delta: { content?: string }; finish_reason: string | null }[] })
    const text = chunks.map(({ choices }) => choices?.[0]?.delta.content ?? '').join('')
    const ends = chunks.filter(({ choices }) => choices?.[0]?.finish_reason)
    return [
      ...once(ends.length, 'finish_reason'),
      ...once(lines.filter(({ data }) => data === '[DONE]').length, '[DONE]'),
      ...same(text, answer, 'answer'),
    ]
  },
}

const once = (count: number, what: string) => (count === 1 ? [] : [`${count} times "${what}"`])
const same = (one: string | undefined, other: string | undefined, what: string) =>
  one === other ? [] : [`of ${other?.length} characters of "${what}", ${one?.length} came`]

/** Of `session.message.place.shown` the last two: neither may step back. */
function idsGrow(lines: Line[]): string[] {
  const places = lines.flatMap(({ id }) => (id === undefined ? [] : [id.split('.').slice(2).join('-').split('-').map(Number)]))
  const isBehind = (one: number[], other: number[]) => {
    const at = one.findIndex((part, index) => part !== other[index])
    return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0)
  }
  return places.slice(1).some((place, at) => isBehind(places[at] ?? [], place)) ? ['an id stepped back'] : []
}
