import type { AgentEvent } from './agent/events.ts'
import { type DoneBefore, labelOf } from './agent/run-tools.ts'
import type { Message } from './message.ts'
import type { Entry, KeptFile, Tool } from './model.ts'
import type { Asks } from './queue/asks.ts'
import type { Step, TurnRecord } from './queue/journal.ts'
import type { Toolbox } from './toolbox.ts'

// How a turn that another worker began goes on: the journal's steps as entries for the model, events for the eye, and what not to do again.

/**
 * The transcript of the turn so far; `read` makes an entry of what was said. Results of calls some of which are still open come later, all
 * together.
 */
export async function toEntries(record: TurnRecord, read: (messages: Message[]) => Promise<Entry>): Promise<Entry[]> {
  const { results } = doneBefore(record.steps)
  const entries = [await read(begunWith(record))]
  for (const step of record.steps) {
    if (step.type === 'heard') entries.push(await read(step.messages))
    if (step.type !== 'said') continue
    const done = step.entry.calls.flatMap(call => results.get(call.id) ?? [])
    entries.push(step.entry, ...(done.length === step.entry.calls.length ? done : []))
  }
  return entries
}

/** The messages with which the turn began. */
function begunWith({ messages, steps }: TurnRecord): Message[] {
  const heard = new Set(steps.flatMap(step => (step.type === 'heard' ? step.messages.map(({ id }) => id) : [])))
  return messages.filter(({ id }) => !heard.has(id))
}

/** The calls, with their arguments, that were made for words that were changed since and cannot be made twice without harm. */
export function notUndone({ earlier }: TurnRecord, tools: Tool[]): string[] {
  const { begun } = doneBefore(earlier)
  const calls = earlier.flatMap(step => (step.type === 'said' ? step.entry.calls : []))
  return calls
    .filter(({ id, name }) => begun.has(id) && !tools.find(tool => tool.name === name)?.repeatable)
    .map(({ name, input }) => `${name} ${JSON.stringify(input)}`)
}

export function doneBefore(steps: Step[]): DoneBefore {
  const done: DoneBefore = { results: new Map(), begun: new Set(), asked: new Map() }
  for (const step of steps) {
    if (step.type === 'result') done.results.set(step.entry.callId, step.entry)
    if (step.type === 'begun') {
      done.begun.add(step.callId)
      done.asked.delete(step.callId)
    }
    if (step.type === 'asked') {
      done.begun.delete(step.callId)
      done.asked.set(step.callId, step.later)
    }
  }
  return done
}

/** What was kept of the files that tools have returned so far, those for the person last, in their order. */
export function filesOf(steps: Step[]): KeptFile[] {
  const files = steps.flatMap(step => (step.type === 'result' ? (step.entry.files ?? []) : []))
  return files.toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0))
}

/**
 * What the person has already seen of it. A question that is still open stands in the reply with its buttons at once: a restart must not
 * cost him his click.
 */
export async function seenBefore(
  { conversation }: Message,
  { steps }: TurnRecord,
  { asks, toolbox }: { asks: Asks; toolbox: Toolbox },
): Promise<AgentEvent[]> {
  const events = replay(steps, toolbox.list()).map(async event => {
    const asked = event.type === 'asked' ? await asks.find(conversation, event.ask.token) : undefined
    return event.type === 'asked' && (!asked || asked.answer) ? [] : [event]
  })
  return (await Promise.all(events)).flat()
}

/** With all that was asked during calls that are not done. */
export function replay(steps: Step[], tools: Tool[]): AgentEvent[] {
  const calls = steps.flatMap(step => (step.type === 'said' ? step.entry.calls : []))
  const done = new Set(doneBefore(steps).results.keys())
  const startOf = (callId: string): AgentEvent[] => {
    const call = calls.find(({ id }) => id === callId)
    return call ? [{ type: 'tool-start', call, label: labelOf(call, tools) }] : []
  }
  return steps.flatMap((step): AgentEvent[] => {
    if (step.type === 'said') return step.entry.text === '' ? [] : [{ type: 'text', delta: step.entry.text }]
    if (step.type === 'asked') return done.has(step.callId) ? [] : [...startOf(step.callId), step]
    if (step.type === 'begun' || step.type === 'anew') return [] // without a result it is begun anew
    if (step.type === 'heard') return step.messages.map(({ id, text }) => ({ type: 'heard', id, text }))
    return [...startOf(step.entry.callId), { type: 'tool-end', result: step.entry, ms: step.ms }]
  })
}
