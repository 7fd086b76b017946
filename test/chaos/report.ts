import { readFileSync } from 'node:fs'
import type { Change, People, Question } from './people.ts'
import type { Place } from './places.ts'
import type { Tally } from './trouble.ts'
import { allFates, type Fate, hasAnswer, judge, type Verdict } from './verdict.ts'

export interface ReportOptions {
  people: Pick<People, 'questions' | 'longestGap'>
  places: Place[]
  tally: Tally
  ledger: string
  /** When the model was asked for the answer to a number, each time. */
  begunAt: Map<number, number[]>
  /** Where a question got stuck. */
  whereIs(question: Question): Promise<string>
  /** What happened to the processes and wires, and when. */
  events: { at: number; event: string }[]
}

export interface Report {
  /** Names and values of the one table. */
  table: [string, string | number][]
  /** The rows that spoil the run: those that must be 0 and are not, and `asked` if nobody asked anything. */
  bad: string[]
  /** One line an anomaly; the conversations in which they were. */
  anomalies: string[]
  conversations: Set<string>
}

const forbidden = [
  'lost',
  'answered twice',
  'out of order',
  'final text wrong',
  'left hanging',
  'stray words of answers',
  'changes ignored',
  'writing calls repeated',
] as const

/** What is counted beside the fates. */
const counted = [
  'out of order',
  'new',
  'old',
  'deletedAnswered',
  'together',
  'changes ignored',
  'changes perhaps ignored',
  'orphan placeholders',
  'stray words of answers',
] as const
type Counts = Record<Fate | (typeof counted)[number], number>

export async function report(options: ReportOptions): Promise<Report> {
  const { people, places, events } = options
  const { questions } = people
  const anomalies: string[] = []
  const conversations = new Set<string>()
  const counts = Object.fromEntries([...allFates, ...counted].map(name => [name, 0])) as Counts
  const tell = (place: Place, line: string) => {
    conversations.add(place.conversation)
    anomalies.push(`${place.conversation}: ${line}`)
  }
  for (const place of places) {
    const asked = questions.filter(question => question.place === place)
    const { fates, orphans } = judge(asked, place.shown())
    for (const found of fates) for (const line of await countFate(found, counts, options)) tell(place, line)
    for (const orphan of orphans) {
      // A post to Telegram may be doubled by a crash, and what is posted there is what a reply begins with: it has its button still.
      const isStray = hasAnswer(orphan) && (place.platform === 'discord' || orphan.buttons.length === 0)
      counts[isStray ? 'stray words of answers' : 'orphan placeholders']++
      tell(place, `orphan${linesOf([orphan])}`)
    }
  }
  const repeated = repeatedCalls(options.ledger)
  for (const { tool, n, lines } of repeated.filter(({ tool }) => tool === 'write_down')) {
    const question = questions.find(({ numbers }) => numbers.includes(n))
    const line = `#${n} ${tool} ${lines.length} times: ${lines.map(({ at, pid }) => `${clock(at)} by ${pid}`).join(', ')}`
    if (question) tell(question.place, line)
  }
  for (const { event, at } of events.filter(({ event }) => event.includes('by itself'))) anomalies.push(`${clock(at)} ${event}`)
  const table = tableOf(counts, repeated, options)
  const bad = forbidden.filter(row => table.some(([name, value]) => name === row && value !== 0))
  return { table, bad: questions.length > 0 ? bad : ['asked'], anomalies, conversations }
}

/** Counts one question, and says what is not as usual with it. */
async function countFate(
  { question, fate, answered, together, outOfOrder, shown }: Verdict<Question>['fates'][number],
  counts: Counts,
  { begunAt, whereIs }: ReportOptions,
): Promise<string[]> {
  const { numbers, deletedAt, changes } = question
  counts[fate]++
  if (outOfOrder) counts['out of order']++
  if (together > 1) counts.together++
  if (fate === 'answered once' && numbers.length > 1) counts[answered === numbers.at(-1) ? 'new' : 'old']++
  if (fate === 'answered once' && deletedAt !== undefined) counts.deletedAnswered++
  const facts = factsOf(question)
  const lines: string[] = []
  if (fate === 'lost') lines.push(`${facts} lost${await whereIs(question)}${linesOf(shown)}`)
  else if (!['answered once', 'withdrawn', 'nothing shown'].includes(fate)) lines.push(`${facts} ${fate}${linesOf(shown)}`)
  if (outOfOrder) lines.push(`${facts} out of order`)
  const change = answered === undefined ? undefined : changes[numbers.indexOf(answered)]
  const ignored = change && answered !== undefined && ignoredFor(change, begunAt.get(answered) ?? [])
  if (change && ignored) {
    const row = change.isKept ? 'changes ignored' : 'changes perhaps ignored'
    counts[row]++
    const times = `known at ${clock(change.keptAt ?? 0)}, the answer to #${answered} begun at ${clock(ignored)}`
    lines.push(`${facts} ${row}, ${times}${linesOf(shown)}`)
  }
  return lines
}

/**
 * When the model was asked for the answer that stands there all the same, if the house knew of the change before. A worker that has lost its
 * lease may ask later than the one whose answer counts, so what is to be certain holds for all that asked.
 */
function ignoredFor({ keptAt, isKept }: Change, begun: number[]): number | undefined {
  const at = isKept ? begun[0] : begun.at(-1)
  return keptAt !== undefined && at !== undefined && keptAt < at ? at : undefined
}

function factsOf({ numbers, saidAt, changes, deletedAt }: Question): string {
  const edits = numbers.slice(1).map((n, at) => `edited to #${n} at ${clock(changes[at]?.at ?? 0)}, `)
  return `#${numbers[0]} (said at ${clock(saidAt)}, ${edits.join('')}${deletedAt ? `deleted at ${clock(deletedAt)}, ` : ''}`.replace(
    /, $/,
    ')',
  )
}

function tableOf(counts: Counts, repeated: RepeatedCall[], { people, tally }: ReportOptions): Report['table'] {
  const { questions, longestGap } = people
  const repeats = (tool: string) => repeated.filter(one => one.tool === tool).length
  const gap = longestGap()
  return [
    ['asked', questions.length],
    ['answered once', counts['answered once']],
    ['  in one reply with others', counts.together],
    ['  edited, the new words', counts.new],
    ['  edited, older words', counts.old],
    ['  though deleted', counts.deletedAnswered],
    ['deleted, and withdrawn', counts.withdrawn],
    ['deleted, nothing shown', counts['nothing shown']],
    ['lost', counts.lost],
    ['answered twice', counts['answered twice']],
    ['out of order', counts['out of order']],
    ['final text wrong', counts['final text wrong']],
    ['left hanging', counts['left hanging']],
    ['set aside', counts['set aside']],
    ['changes ignored', counts['changes ignored']],
    ['changes perhaps ignored', counts['changes perhaps ignored']],
    ['read-only calls repeated', repeats('look_up')],
    ['writing calls repeated', repeats('write_down')],
    ['orphan placeholders', counts['orphan placeholders']],
    ['stray words of answers', counts['stray words of answers']],
    ['kills', tally.kill],
    ['SIGTERMs', tally.term],
    ['sleeps', tally.stop],
    ['Redis restarts', tally.redis],
    ['429s', tally.limit],
    ['other wire faults', tally.fail + tally.drop + tally.slow + tally.double],
    ['edits', tally.edit],
    ['deletions', tally.delete],
    ['longest gap', `${(gap.ms / 1000).toFixed(1)} s (${gap.conversation} until ${clock(gap.until)})`],
  ]
}

interface RepeatedCall {
  tool: string
  n: number
  lines: { at: number; pid: number }[]
}

function repeatedCalls(file: string): RepeatedCall[] {
  const calls = new Map<string, RepeatedCall>()
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { tool, n, at, pid } = JSON.parse(line) as { tool: string; n: number; at: number; pid: number }
    const call = calls.get(`${tool} ${n}`) ?? { tool, n, lines: [] }
    call.lines.push({ at, pid })
    calls.set(`${tool} ${n}`, call)
  }
  return [...calls.values()].filter(({ lines }) => lines.length > 1)
}

export const clock = (at: number) => new Date(at).toISOString().slice(11, 23)

const linesOf = (shown: { id: string; text: string; buttons: string[] }[]) =>
  shown.map(({ id, text, buttons }) => `\n      ${id}${buttons.length > 0 ? ' [button]' : ''} ${brief(text)}`).join('')

function brief(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ⏎ ')
  return line.length > 160 ? `${line.slice(0, 100)} … ${line.slice(-55)}` : line
}
