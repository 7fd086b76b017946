import { type FetchLike, isJSONRPCResultResponse, type JSONRPCMessage, parseJSONRPCMessage } from '@modelcontextprotocol/client'
import { isRecord } from './mend.ts'

/** One message, or the batch that the protocol of March 2025 allowed. Throws when it is none of both. */
export function readMessages(json: string): JSONRPCMessage[] {
  const told: unknown = JSON.parse(json)
  return (Array.isArray(told) ? told : [told]).map(value => (isResult(value) ? value : parseJSONRPCMessage(loosen(value))))
}

/** Most messages are valid results; to try all kinds of messages on each costs several times as much. */
const isResult = (value: unknown) => isRecord(value) && 'result' in value && isJSONRPCResultResponse(value)

/**
 * A fetch whose answers in JSON are read as they were meant: for an empty field too many, the SDK throws away the whole message, and who
 * waits for it waits in vain.
 */
export function loosenAnswers(fetch: FetchLike): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init)
    const json = async () => {
      const value: unknown = JSON.parse(await response.text())
      return Array.isArray(value) ? value.map(loosen) : loosen(value)
    }
    return Object.defineProperty(response, 'json', { value: json })
  }
}

function loosen(value: unknown): unknown {
  if (!isRecord(value) || value['jsonrpc'] === undefined || !('result' in value || 'error' in value)) return value
  const answer = dropUnset(value)
  return isMessage(answer) ? answer : { jsonrpc: '2.0', id: value['id'], error: notValid }
}

const notValid = { code: -32603, message: 'the server answered with something that is no valid message' }

/** Without the fields that are not set, which some write as null: `error` beside a result, `_meta` in it. */
function dropUnset({ result, error, ...rest }: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(result)) return { ...rest, error }
  const { _meta, ...bare } = result
  return { ...rest, result: isRecord(_meta) ? result : bare, ...(error === null || error === undefined ? {} : { error }) }
}

function isMessage(value: unknown): boolean {
  try {
    parseJSONRPCMessage(value)
    return true
  } catch {
    return false
  }
}
