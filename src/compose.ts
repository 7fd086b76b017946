import type { Adapter, OfferedTool } from './adapter.ts'
import { runAgent } from './agent/agent.ts'
import { runCall, runNamed } from './agent/call.ts'
import { createDigest } from './agent/digest.ts'
import type { AgentEvent, Notice } from './agent/events.ts'
import type { TurnLimits } from './agent/limits.ts'
import { openLongResults } from './agent/long-results.ts'
import { openPrompt } from './agent/open-prompt.ts'
import { withPermission } from './agent/permission.ts'
import { systemPrompt, toEntry } from './agent/prompt.ts'
import { skillNotes } from './agent/skills.ts'
import type { TextStore } from './agent/text-store.ts'
import { openToolSearch, type ToolSearchOptions } from './agent/tool-search.ts'
import { openAsking } from './asking.ts'
import type { Behind } from './behind.ts'
import type { Budgets } from './budgets.ts'
import { findCommand } from './commands.ts'
import { withWhole } from './delivery.ts'
import { directEnd, directText, offeredTools } from './direct.ts'
import { endingOf, mayBeRetried, noText, setAside } from './endings.ts'
import { Parked } from './errors.ts'
import { type History, wholeEntries } from './history.ts'
import type { Words } from './i18n/i18n.ts'
import type { Log } from './log.ts'
import type { Media } from './media/media.ts'
import type { FileStore } from './media/store.ts'
import type { Message } from './message.ts'
import type { Entry, Model, Transcribe } from './model.ts'
import type { Purse } from './paying.ts'
import type { Audit } from './permissions/audit.ts'
import type { Permits } from './permissions/permits.ts'
import type { Asks } from './queue/asks.ts'
import type { Inbox } from './queue/inbox.ts'
import type { Final, Journal, Step, TurnRecord } from './queue/journal.ts'
import { LeaseLost } from './queue/lease.ts'
import type { Retries } from './queue/retries.ts'
import { tokenOf } from './queue/token.ts'
import { doneBefore, filesOf, notUndone, toEntries } from './recall.ts'
import type { Recaps } from './recaps.ts'
import type { Redact } from './redact.ts'
import { renderPlain } from './reply/card.ts'
import type { Pacer } from './reply/pacer.ts'
import type { Reply } from './reply/reply.ts'
import type { Settings } from './settings.ts'
import type { Skills } from './skills/shelf.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import { endOf } from './telling.ts'
import { type Account, handedBack, instructionsOf, keptOf, type ModelElsewhere, waysOf, withRan } from './terms.ts'
import type { Toolbox } from './toolbox.ts'
import { type Turn, TurnEnded } from './turns.ts'

export interface WorkerTools {
  adapters: Map<string, Adapter>
  inbox: Inbox
  journal: Journal
  files: FileStore
  texts: TextStore
  history: History
  /** Absent: nothing is summed up. */
  recaps?: Recaps
  settings: Settings
  retries: Retries
  asks: Asks
  permits: Permits
  audit: Audit
  /** `platform:native id` of each. */
  admins: string[]
  pacer: Pacer
  budgets: Budgets
  model: Model
  /** Of the one that is asked first; absent: it has none that anybody would know. */
  modelName?: string
  /** The model that shall be asked first under the name that a conversation chose. Absent: there is no choice. */
  modelNamed?(name: string | undefined): Model
  /** The model that a program names itself. Absent: none can. */
  modelElsewhere?: ModelElsewhere
  /** For what is short and asked often: the main one where the operator names none. */
  small?: Model
  /** What sums up results that are too long to be read whole. Absent: they are only cut. */
  digests?: Model
  /** Absent: what is said in recordings is not heard. */
  transcribe?: Transcribe
  toolbox: Toolbox
  /** Absent: the model is given all tools, however many there are. */
  toolSearch?: Pick<ToolSearchOptions, 'finder' | 'budget'>
  /** Absent: there are none. */
  skills?: Skills
  /** Resolves when every server has come up or failed, so that the first question already finds its tools. */
  toolsReady: Promise<void>
  maxSteps: number
  limits?: TurnLimits
  /** How long a worker waits with a turn for a person's answer before it turns to others, in milliseconds. */
  patienceMs: number
  locale: string
  redact: Redact
  /** Absent: nobody looks. */
  telemetry?: Telemetry
  log: Log
}

/** A turn that is being composed. */
export interface Composing {
  question: Message
  record: TurnRecord
  reply: Reply
  /** In the reply, and to whom it is told. */
  show(event: AgentEvent): void
  behind: Behind
  media: Media
  turn: Turn
  words: Words
  purse: Purse
  account: Account
  tools: WorkerTools
}

/** A message whose worker died so often is not begun again. */
const deathsAllowed = 2

/** All of them: there is nothing left to answer. */
export const areTakenBack = (messages: Message[]) => messages.every(({ withdrawn }) => withdrawn)

/** Runs the turn to an end that can be told, whatever happens; only a lost lease and a house that closes make it throw. */
export async function compose(composing: Composing): Promise<Final> {
  const { question: message, record, reply, show, turn, words, purse, account, tools } = composing
  const { lease } = turn
  const said = withRan(message, await toEntries(record, async messages => toEntry(messages)))
  const steps = [...record.steps]
  const keep = openKeeping(composing)
  const direct = message.terms?.direct
  let offered: OfferedTool[] = []
  const notify = (notice: Notice) => reply.show({ type: 'notice', notice })
  try {
    if (areTakenBack(record.messages)) notify({ kind: 'withdrawn' })
    else if (record.attempts > deathsAllowed) notify(setAside(message, tools.log))
    else if (direct === 'list') offered = await listFor(composing)
    else {
      const paid = record.attempts === 1 && steps.length === 0 ? purse.begin() : undefined
      for await (const event of eventsOf(composing, said, paid)) {
        const step = stepOf(event)
        turn.signal.throwIfAborted() // a call that was cut off has no result
        if (step) {
          await keep(step)
          steps.push(step)
        }
        if (event.type === 'entry') said.push(event.entry)
        show(event)
      }
      const limit = purse.near()
      if (limit && !direct) notify({ kind: 'nearly-used-up', limit })
      if (said.at(-1)?.text.trim() === '' && handedBack(message, said).length === 0) notify(noText(message, tools.log))
    }
  } catch (error) {
    lease.lost.throwIfAborted()
    if (error instanceof LeaseLost || error instanceof Parked) throw error
    if (turn.wasHandedOver()) {
      await (reply.view.asks.length > 0 ? reply.rest() : reply.pause(words.paused))
      await tools.journal.handOver(lease, message.id)
      throw error
    }
    const ended = turn.signal.reason
    if (ended instanceof TurnEnded && ended.how === 'restart') {
      await reply.leave()
      throw ended
    }
    notify(endingOf(ended, error, message, tools.log))
  }
  const isWithdrawn = reply.view.notices.some(({ kind }) => kind === 'withdrawn')
  const files = (direct ? [] : filesOf(steps)).map(({ number, ...file }) =>
    number === undefined || isWithdrawn ? file : { ...file, number },
  )
  const entries = keptOf(message, wholeEntries(said, renderPlain(reply.view, words)))
  const calls = handedBack(message, said)
  const told = directEnd(message, said, { offered, redact: tools.redact, toolbox: composing.media.toolbox })
  const end = message.terms && { end: { ...endOf(reply.view, calls, account, words, tools.redact), ...told } }
  const mayRetry = reply.view.notices.some(mayBeRetried) && !message.alone
  const named = calls.length > 0 ? calls.map(({ name }) => name).join(', ') : direct && directText(direct)
  const answer = named === undefined ? reply.answer() : { text: named }
  return { ...(await withWhole(answer, files, message.conversation, tools)), entries, ...end, ...(mayRetry && { retry: true }) }
}

async function listFor({ question, media, turn, words, tools }: Composing): Promise<OfferedTool[]> {
  await unlessAborted(tools.toolsReady, turn.signal)
  return offeredTools(media.toolbox, { ...tools, question, words })
}

/** What was said is kept with what follows from it, nothing comes of it before; the last of it is in the answer. */
function openKeeping({ question, turn, tools }: Composing): (step: Step) => Promise<void> {
  let said: Step[] = []
  return async step => {
    if (step.type === 'said') {
      said = [step]
      return
    }
    const steps = [...said, step]
    said = []
    await tools.journal.keepSteps(turn.lease, question.id, steps)
  }
}

/** What has to be kept before it is shown, and before a call is made. */
function stepOf(event: AgentEvent): Step | undefined {
  if (event.type === 'entry' && event.entry.role === 'assistant') return { type: 'said', entry: event.entry }
  if (event.type === 'tool-start') return { type: 'begun', callId: event.call.id }
  if (event.type === 'asked' && event.later !== undefined) {
    return { type: 'asked', callId: event.callId, ask: event.ask, later: event.later }
  }
  if (event.type === 'tool-end') return { type: 'result', entry: event.result, ms: event.ms }
  return undefined
}

async function* eventsOf(
  { question, record, behind, media, turn, words, tools }: Composing,
  said: Entry[],
  paid: Promise<void> | undefined,
): AsyncGenerator<AgentEvent> {
  const { model, maxSteps, limits, history, skills, toolSearch } = tools
  const ask = openAsking({ ...tools, question, attempt: String(record.earlier.length), turn })
  const { signal } = turn
  const before = doneBefore(record.steps)
  const { conversation, terms } = question
  const [{ past, summedUp }, permitted] = await Promise.all([
    terms?.past ? { past: terms.past, summedUp: false } : history.open(conversation),
    withPermission(media.toolbox, { ...tools, question, words }),
    paid,
    unlessAborted(tools.toolsReady, signal),
  ])
  if (summedUp && question.kind === 'chat') yield { type: 'notice', notice: { kind: 'summed-up' } }
  if (!terms?.past) tools.recaps?.look(conversation, past)
  const found = terms ? undefined : findCommand(question.text)
  const isCall = found?.command?.name === 'call'
  const known = [...past, ...said]
  if (terms?.direct && terms.direct !== 'list') {
    const { tool: name, input } = terms.direct
    return yield* runNamed(
      { name, input },
      { toolbox: permitted, signal, before, callId: `call-${tokenOf(question.id)}`, asData: true },
    )
  }
  const long = openLongResults({
    ...tools,
    toolbox: permitted,
    conversation,
    known,
    forPerson: isCall,
    ...(tools.digests && { digest: createDigest(tools.digests, tools.log) }),
  })
  const { toolbox, shorten } = long
  if (isCall) {
    const callId = `call-${tokenOf(question.id)}`
    return yield* runCall(found.argument, { toolbox, shorten, words, signal, before, ask, callId })
  }
  if (found?.command?.name === 'prompt') {
    const callId = `prompt-${tokenOf(question.id)}`
    const opening = yield* openPrompt(found.argument, { prompts: permitted.prompts, words, signal, before, ask, callId })
    if (!opening) return
    said.splice(0, 1, ...opening)
  } else said.splice(0, said.length, ...withRan(question, await toEntries(record, media.read)))
  await skills?.refresh()
  const notes = [...instructionsOf(question), ...skillNotes(record.messages, skills?.list() ?? [], toolbox.list())]
  const search = toolSearch && openToolSearch({ ...toolSearch, toolbox, notes })
  const system = systemPrompt(toolbox.servers(), new Date(), notUndone(record, toolbox.list()), notes, search?.about())
  const mayAsk = terms ? {} : { ask }
  const heard = { hear: behind.hear, illustrate: media.illustrate, ...mayAsk, before }
  const ways = { ...long, ...search, ...heard, ...waysOf(question, search?.offer ?? toolbox.list) }
  yield* runAgent(past, said, { model, system, maxSteps, ...(limits && { limits }), signal, ...ways })
}

/** Waits no longer than for the end of the turn, and leaves nothing behind: a signal that is listened to lives as long as the house. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  await Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', end))
}
