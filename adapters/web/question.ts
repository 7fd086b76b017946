import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Attachment } from '../../src/message.ts'
import { attachedFiles, readAttached } from './attached.ts'
import { problem } from './problem.ts'

/** What a client asks, checked. */
export interface Question {
  text: string
  session: string
  attachments: Attachment[]
}

export const sessionShape = /^[A-Za-z0-9_-]{8,64}$/
const session = z.string().regex(sessionShape)
/** What `toQuestion` reads: one of `message` and `messages`, or `attachments` alone. */
export const chatRequest = z.looseObject({
  message: z.string().optional(),
  messages: z
    .array(z.looseObject({ role: z.enum(['system', 'developer', 'user', 'assistant']), content: z.string() }))
    .min(1)
    .optional(),
  session_id: session.optional(),
  attachments: attachedFiles.optional(),
})
/** What `toPress` reads. */
export const pressRequest = z.looseObject({
  session_id: session,
  action: z.string().min(1),
  token: z.string(),
  fields: z.record(z.string(), z.string()).optional(),
})
/** What `toFollowed` reads. */
export const followRequest = z.looseObject({ session_id: session, message_id: z.string().min(1) })
/** Of what is said; what is attached comes beside it. */
const mostText = 1024 * 1024
/** Two callback fields and a colon must fit into what the narrowest platform gives a button. */
const pressBytes = 64

/** Reads the body of a POST. Throws 400 or 415, each with one sentence. */
export async function readBody(c: Context): Promise<Record<string, unknown>> {
  const mime = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  // Only this type makes a browser ask permission first (a preflight), which a foreign page does not get.
  if (mime !== 'application/json')
    throw problem(415, `the Content-Type is ${mime || 'missing'}: only application/json is accepted`)
  const body = parse(await c.req.text())
  if (!isObject(body)) throw problem(400, 'the body must be a JSON object such as {"message": "…"}')
  return body
}

/** More than any honest body has, and less than what makes a program that walks through it run out of stack. */
const deepest = 64
/** As well; of each that is wrong a schema tells why, which takes time and room. */
const mostMarks = 100_000

function parse(text: string): unknown {
  const { depth, marks } = measure(text)
  if (depth > deepest) throw problem(400, `the body is too deep: at most ${deepest} lists and objects in each other`)
  if (marks > mostMarks) throw problem(400, `the body holds too many values: at most ${mostMarks} are read`)
  try {
    return JSON.parse(text)
  } catch {
    throw problem(400, 'the body is not valid JSON')
  }
}

/** Outside of strings: how deep brackets stand in each other, and how many of them and of commas there are, as many as values. */
function measure(json: string): { depth: number; marks: number } {
  let depth = 0
  let most = 0
  let marks = 0
  let inString = false
  for (let at = 0; at < json.length; at++) {
    const mark = json[at]
    if (mark === '"') inString = !inString
    else if (inString && mark === '\\') at++
    else if (inString) continue
    else if (mark === ',') marks++
    else if (mark === '[' || mark === '{') {
      marks++
      most = Math.max(most, ++depth)
    } else if (mark === ']' || mark === '}') depth--
  }
  return { depth: most, marks }
}

/** `{message, session_id?, attachments?}` or `{messages: […], session_id?, attachments?}`. Throws 400 and 413. */
export function toQuestion(body: Record<string, unknown>): Question {
  const session = body['session_id'] === undefined ? randomUUID() : toSession(body['session_id'])
  const attachments = readAttached(body)
  const text = textOf(body, attachments.length > 0)
  if (Buffer.byteLength(text) > mostText) throw problem(413, 'the text is too large: at most 1 MB of it is accepted')
  return { text, session, attachments }
}

function textOf(body: Record<string, unknown>, mayBeEmpty: boolean): string {
  if (body['messages'] !== undefined) return lastQuestion(body['messages'])
  const { message = mayBeEmpty ? '' : undefined } = body
  if (typeof message !== 'string') throw problem(400, '"message" is missing: send {"message": "<text>"} or {"messages": […]}')
  if (!message.trim() && !mayBeEmpty)
    throw problem(400, '"message" is empty: it must hold at least one character that is not a space')
  return message
}

/** `{session_id, action, token}`. Throws 400. */
export function toPress(body: Record<string, unknown>): { session: string; action: string; token: string } {
  const { action, token } = body
  const session = toSession(body['session_id'])
  if (typeof action !== 'string' || !action) throw problem(400, '"action" must be the action of a button, such as "stop"')
  if (typeof token !== 'string') throw problem(400, '"token" must be the token of a button, as a string')
  if (Buffer.byteLength(`${action}:${token}`) > pressBytes) {
    throw problem(400, `"action" and "token" are too long: together at most ${pressBytes - 1} bytes`)
  }
  return { session, action, token }
}

/** `{session_id, message_id}`. Throws 400. */
export function toFollowed(body: Record<string, unknown>): { session: string; messageId: string } {
  const { message_id: messageId } = body
  if (typeof messageId !== 'string' || !messageId)
    throw problem(400, '"message_id" must be the id that the event "session" told when the question was asked')
  return { session: toSession(body['session_id']), messageId }
}

function toSession(value: unknown): string {
  if (typeof value === 'string' && sessionShape.test(value)) return value
  throw problem(400, '"session_id" must be 8 to 64 characters out of A-Z, a-z, 0-9, "_" and "-"')
}

/** The last user message is asked. The house keeps its own history, so what stands before it is handed on as a quotation. */
function lastQuestion(messages: unknown): string {
  if (!Array.isArray(messages) || messages.length === 0) throw problem(400, '"messages" must be a list with at least one message')
  const list = messages.map(toLine)
  const at = list.findLastIndex(line => line.role === 'user')
  const asked = list[at]
  if (!asked) throw problem(400, '"messages" has no message of the role "user": the last one of that role is asked')
  if (!asked.content.trim()) throw problem(400, `"messages[${at}].content" is empty: the last user message is what is asked`)
  const earlier = list.slice(0, at).filter(line => line.content.trim())
  if (earlier.length === 0) return asked.content
  return `Earlier in this conversation:\n${earlier.map(quote).join('\n')}\n\n${asked.content}`
}

interface Line {
  role: string
  content: string
}

function toLine(message: unknown, at: number): Line {
  const { role, content } = isObject(message) ? message : {}
  if (typeof role !== 'string' || !/^(system|developer|user|assistant)$/.test(role)) {
    throw problem(400, `"messages[${at}].role" must be "system", "developer", "user" or "assistant"`)
  }
  if (typeof content !== 'string') throw problem(400, `"messages[${at}].content" must be a string`)
  return { role, content }
}

const quote = (line: Line) => `${line.role}: ${line.content}`.replace(/^/gm, '> ')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
