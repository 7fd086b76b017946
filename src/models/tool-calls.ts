import type { ToolCall } from '../model.ts'
import { isObject, parseJson, readArguments } from './arguments.ts'
import { claimCallId } from './call-id.ts'

/** Puts a model's calls together from the pieces in which endpoints stream them. */
export interface CallCollector {
  /** Takes one element of `delta.tool_calls`, or a legacy `function_call` as `{ function }`. */
  add(piece: unknown): void
  /** The calls in the order in which they began. `whole`: the model ended its answer by itself. */
  end(whole: boolean): ToolCall[]
  /** What stood beside the calls, by their ids; known at the end. */
  extras: Map<string, unknown>
}

interface Draft {
  id: string
  name: string
  text: string
  /** Some endpoints send the arguments as an object instead of a string that holds one. */
  object?: Record<string, unknown>
  /** What Gemini wants to read again with the call. */
  extra?: unknown
}

/** `taken` holds the ids of the conversation so far; an id that comes twice is replaced. */
export function createCallCollector(taken: Set<string>): CallCollector {
  const drafts: Draft[] = []
  const byIndex = new Map<number, Draft>()
  const extras = new Map<string, unknown>()

  /** A piece without id, index and name goes on with the newest call; a new id or name under an old index begins a new one. */
  function draftFor(id: string, index: number | undefined, name: string): Draft {
    const byId = id === '' ? undefined : drafts.find(draft => draft.id === id)
    const known = byId ?? (index === undefined ? (name === '' ? drafts.at(-1) : undefined) : byIndex.get(index))
    if (known && (known === byId || !beginsAnother(known, id, name))) return known
    const draft: Draft = { id, name: '', text: '' }
    drafts.push(draft)
    if (index !== undefined) byIndex.set(index, draft)
    return draft
  }

  function finish(draft: Draft, whole: boolean): ToolCall {
    const { input, broken } = draft.object ? { input: draft.object, broken: undefined } : readArguments(draft.text, whole)
    const call = { id: claimCallId(taken, draft.id), name: draft.name, input }
    if (draft.extra !== undefined) extras.set(call.id, draft.extra)
    return broken === undefined ? call : { ...call, broken }
  }

  return {
    extras,
    add(piece) {
      if (!isObject(piece)) return
      const told = isObject(piece['function']) ? piece['function'] : {}
      const name = typeof told['name'] === 'string' ? told['name'] : ''
      const id = typeof piece['id'] === 'string' ? piece['id'] : ''
      const draft = draftFor(id, typeof piece['index'] === 'number' ? piece['index'] : undefined, name)
      draft.id ||= id
      if (name !== '') draft.name = name
      draft.extra = piece['extra_content'] ?? draft.extra
      const given = told['arguments']
      if (typeof given === 'string') draft.text += given
      else if (isObject(given)) draft.object = { ...draft.object, ...given }
    },
    end: whole => drafts.filter(draft => draft.name !== '').map(draft => finish(draft, whole)),
  }
}

/** Pieces of one call repeat its name at most; whoever names another tool, or names it again after whole arguments, calls anew. */
function beginsAnother(draft: Draft, id: string, name: string): boolean {
  if (name === '' || draft.name === '') return false
  if (id !== '' && draft.id !== '' && id !== draft.id) return true
  return name !== draft.name || draft.object !== undefined || isObject(parseJson(draft.text))
}
