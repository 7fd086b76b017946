import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { keysOf } from '../../src/redis/keys.ts'
import type { People, Question } from './people.ts'
import type { Place } from './places.ts'
import type { Tally } from './trouble.ts'
import { type Fate, judge } from './verdict.ts'

export interface ReportOptions {
  people: People
  places: Place[]
  tally: Tally
  ledger: string
  redisUrl: string
  /** What happened to the processes and wires, and when. */
  events: { at: number; event: string }[]
}

export interface Report {
  /** Names and values of the one table. */
  table: [string, string | number][]
  /** One line an anomaly; the conversations in which they were. */
  anomalies: string[]
  conversations: Set<string>
  ok: boolean
}

/** What must be 0 for the run to count as good. */
const forbidden = ['lost', 'answered twice', 'out of order', 'final text wrong', 'writing calls repeated']

export async function report(options: ReportOptions): Promise<Report> {
  const { people, places, tally, events } = options
  const { questions } = people
  const anomalies: string[] = []
  const conversations = new Set<string>()
  const counts: Record<Fate | 'out of order' | 'orphans', number> = {
    'answered once': 0,
    'answered twice': 0,
    'final text wrong': 0,
    'set aside': 0,
    lost: 0,
    'out of order': 0,
    orphans: 0,
  }
  const tell = (place: Place, line: string) => {
    conversations.add(place.conversation)
    anomalies.push(`${place.conversation}: ${line}`)
  }
  for (const place of places) {
    const asked = questions.filter(question => question.place === place)
    const { fates, orphans } = judge(asked, place.shown())
    for (const { n, fate, outOfOrder, shown } of fates) {
      const question = asked.find(one => one.n === n) as Question
      counts[fate]++
      if (outOfOrder) counts['out of order']++
      const facts = `said at ${clock(question.saidAt)}`
      const seen = shown
        .map(({ id, text, buttons }) => `\n      ${id}${buttons.length ? ' [button]' : ''} ${brief(text)}`)
        .join('')
      if (fate !== 'answered once')
        tell(place, `#${n} ${fate}, ${facts}${fate === 'lost' ? await whereIs(question, options) : ''}${seen}`)
      if (outOfOrder) tell(place, `#${n} out of order, ${facts}`)
    }
    counts.orphans += orphans.length
    for (const { id, text, buttons } of orphans) tell(place, `orphan ${id}${buttons.length ? ' [button]' : ''} ${brief(text)}`)
  }
  const repeated = repeatedCalls(options.ledger)
  for (const { tool, n, lines } of repeated.filter(({ tool }) => tool === 'write_down')) {
    const { place } = questions[n - 1] as Question
    tell(place, `#${n} ${tool} ${lines.length} times: ${lines.map(({ at, pid }) => `${clock(at)} by ${pid}`).join(', ')}`)
  }
  for (const { event, at } of events.filter(({ event }) => event.includes('by itself'))) anomalies.push(`${clock(at)} ${event}`)
  const repeats = (tool: string) => repeated.filter(one => one.tool === tool).length
  const gap = people.longestGap()
  const table: Report['table'] = [
    ['asked', questions.length],
    ['answered once', counts['answered once']],
    ['lost', counts.lost],
    ['answered twice', counts['answered twice']],
    ['out of order', counts['out of order']],
    ['final text wrong', counts['final text wrong']],
    ['set aside', counts['set aside']],
    ['read-only calls repeated', repeats('look_up')],
    ['writing calls repeated', repeats('write_down')],
    ['orphan placeholders', counts.orphans],
    ['kills', tally.kill],
    ['SIGTERMs', tally.term],
    ['sleeps', tally.stop],
    ['Redis restarts', tally.redis],
    ['429s', tally.limit],
    ['other wire faults', tally.fail + tally.drop + tally.slow + tally.double],
    ['longest gap', `${(gap.ms / 1000).toFixed(1)} s (${gap.conversation} until ${clock(gap.until)})`],
  ]
  return { table, anomalies, conversations, ok: table.every(([name, value]) => !forbidden.includes(name) || value === 0) }
}

function repeatedCalls(file: string): { tool: string; n: number; lines: { at: number; pid: number }[] }[] {
  const calls = new Map<string, { tool: string; n: number; lines: { at: number; pid: number }[] }>()
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { tool, n, at, pid } = JSON.parse(line) as { tool: string; n: number; at: number; pid: number }
    const call = calls.get(`${tool} ${n}`) ?? { tool, n, lines: [] }
    call.lines.push({ at, pid })
    calls.set(`${tool} ${n}`, call)
  }
  return [...calls.values()].filter(({ lines }) => lines.length > 1)
}

/** Where a question got stuck, as Redis knows it. */
async function whereIs({ place, id }: Question, { redisUrl }: ReportOptions): Promise<string> {
  const redis = new Redis(redisUrl)
  const { inbox, seen, steps, journal } = keysOf(place.conversation)
  const waiting = await redis.lrange(inbox, 0, -1)
  const at = waiting.findIndex(json => (JSON.parse(json) as { id: string }).id === id)
  const heard = await redis.exists(seen(id))
  const [attempts, done] = [await redis.hget(journal, 'attempts'), await redis.llen(steps)]
  const job = await redis.get(`{bellhop}:mail:de:${place.conversation}`)
  redis.disconnect()
  if (at < 0) return heard ? ', heard, and no longer in the inbox' : ', never heard'
  return `, still in the inbox at ${at}; job ${job ?? 'none'}, attempts ${attempts ?? 0}, steps ${done}`
}

export const clock = (at: number) => new Date(at).toISOString().slice(11, 23)

function brief(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ⏎ ')
  return line.length > 160 ? `${line.slice(0, 100)} … ${line.slice(-55)}` : line
}
