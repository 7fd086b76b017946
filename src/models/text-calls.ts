import type { ToolCall } from '../model.ts'
import { isObject, parseJson, readArguments } from './arguments.ts'
import { claimCallId } from './call-id.ts'

/** Reads calls out of the text of a model that knows no tools, and keeps them from whoever reads the text. */
export interface TextCalls {
  /** Returns what may be shown by now. */
  push(delta: string): string
  /** `whole`: the model ended its answer by itself. */
  end(whole: boolean): { text: string; calls: ToolCall[] }
}

/** A fence around something that begins like JSON, or the tag that many models were trained on; with the space before it. */
const opening = /\s*(?<![^\n])[ \t]*`{3,}[ \t]*(?:json|tool_calls?|tools?)?[ \t]*\r?\n\s*(?=[{[])|\s*<tool_call>\s*/gi
/** What may become one with the next words. */
const mayOpen =
  /\s*(?<![^\n])[ \t]*(?:`{1,2}|`{3,}[ \t]*\w{0,12}[ \t]*(?:\r?\n\s*)?)$|\s*<(?:t(?:o(?:o(?:l(?:_(?:c(?:a(?:l(?:l(?:>\s*)?)?)?)?)?)?)?)?)?)?$|\s+$/i
const closing = /\s*(?:(?<=[\n}\]])[ \t]*`{3,}[ \t]*|<\/tool_call>)/g
/** Some models write the JSON and nothing around it. */
const bare = /^\s*(?:\{|\[\s*\{)/
const mayBeBare = /^\s*\[?\s*$/

/** `known`: the names of the tools, by which a call is told from any other JSON. `taken`: the ids of all calls of the conversation so far. */
export function createTextCalls(known: Set<string>, taken: Set<string>): TextCalls {
  const calls: ToolCall[] = []
  let text = ''
  /** Up to here it was shown or read. */
  let done = 0

  /** Nothing is shown behind a call: it would be what the model imagines of the result. */
  function show(to: number): string {
    const shown = calls.length > 0 ? '' : text.slice(done, to)
    done = to
    return shown
  }

  function take(json: string, whole: boolean): boolean {
    const read = readCalls(json, known, whole)
    for (const call of read ?? []) calls.push({ id: claimCallId(taken), ...call })
    return read !== undefined
  }

  /** The block that begins at `from`, with its JSON at `start`: true once it is clear what it is. */
  function readBlock(from: number, start: number, out: string[]): boolean {
    closing.lastIndex = start
    const end = closing.exec(text)
    if (!end) return false
    const json = text.slice(start, end.index)
    out.push(show(from))
    if (take(json, true)) done = closing.lastIndex
    else out.push(show(closing.lastIndex))
    return true
  }

  function scan(): string {
    const out: string[] = []
    if (done === 0 && (bare.test(text) || mayBeBare.test(text))) return ''
    for (;;) {
      opening.lastIndex = done
      const open = opening.exec(text)
      if (!open) return [...out, show(done + heldFrom(text.slice(done), text[done - 1]))].join('')
      if (!readBlock(open.index, opening.lastIndex, out)) return [...out, show(open.index)].join('')
    }
  }

  return {
    push(delta) {
      text += delta
      return scan()
    },
    end(whole) {
      const rest = text.slice(done)
      opening.lastIndex = done
      const open = opening.exec(text)
      const start = open ? open.index + open[0].length : done
      const isCall = (open !== null || (done === 0 && bare.test(text))) && take(text.slice(start), whole)
      return { text: isCall || calls.length > 0 ? '' : rest, calls }
    },
  }
}

/** How much of the end of a text has to wait. `before`: the letter in front of it. */
function heldFrom(text: string, before = '\n'): number {
  const found = mayOpen.exec(before + text)
  return found ? Math.max(0, found.index - before.length) : text.length
}

type Read = Omit<ToolCall, 'id'>

/** Undefined when it is no call. What was meant as one and cannot be read is broken. */
function readCalls(json: string, known: Set<string>, whole: boolean): Read[] | undefined {
  const { input, broken } = readArguments(json, whole)
  const value = broken === undefined ? input : parseJson(json)
  const listed = isObject(value) ? (value['calls'] ?? value['tool_calls']) : value
  const all = Array.isArray(listed) ? listed : value === undefined ? [] : [value]
  const calls = all.flatMap(one => readCall(one, known, Array.isArray(listed) && listed !== value, whole) ?? [])
  if (calls.length > 0) return calls
  if (value !== undefined) return isObject(value) && Array.isArray(value['calls']) ? [] : undefined
  const [, name] = /"(?:name|tool)"\s*:\s*"([^"]+)"/.exec(json) ?? []
  const isMeant = /"(?:calls|tool_calls)"\s*:/.test(json) || (name !== undefined && known.has(name))
  return isMeant ? [{ name: name ?? 'unknown', input: {}, broken: json }] : undefined
}

function readCall(one: unknown, known: Set<string>, isListed: boolean, whole: boolean): Read | undefined {
  if (!isObject(one)) return undefined
  const told = isObject(one['function']) ? one['function'] : one
  const name = [told['name'], told['tool'], told['function']].find(value => typeof value === 'string')
  if (typeof name !== 'string' || !(isListed || known.has(name))) return undefined
  const given = told['arguments'] ?? told['parameters'] ?? told['input'] ?? told['args']
  if (typeof given === 'string') return { name, ...readArguments(given, whole) }
  return { name, input: isObject(given) ? given : {} }
}
