import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import { type Field, readField, spellings, type Wrong } from '../../src/ask.ts'
import type { Press } from '../../src/message.ts'
import { follow } from './chat-api.ts'
import { check } from './check.ts'
import { problem } from './problem.ts'
import { pressRequest, readBody, sessionShape, toPress } from './question.ts'
import type { Route } from './route.ts'
import { authorOf, conversationOf, kept, type TalkOptions } from './talk.ts'

const session = z
  .string({ error: 'must be a text' })
  .regex(sessionShape, 'must be 8 to 64 characters out of A-Z, a-z, 0-9, "_" and "-"')
/** The body of `POST /chat/form`. */
const formRequest = z.looseObject({ session_id: session, token: z.string({ error: 'must be the token of a button' }).max(64) })
/** Of a filled form; a server's form has a few fields. */
const filled = z.looseObject({
  fields: z
    .record(z.string().max(200), z.string({ error: 'must be a text' }).max(20_000, 'must have at most 20000 characters'), {
      error: 'must be an object of texts',
    })
    .refine(fields => Object.keys(fields).length <= 100, 'must hold at most 100 fields')
    .optional(),
})

/** What a turn asks its person: the buttons under a card, and the forms behind them. */
export function formRoutes(options: TalkOptions): Route[] {
  return [
    {
      method: 'POST',
      body: formRequest,
      path: '/chat/form',
      about: '{session_id, token} → {text, from?, fields}: what the button "fill" with this token asks for',
      handle: c => showForm(c, options),
    },
    {
      method: 'POST',
      body: pressRequest,
      path: '/chat/press',
      about:
        '{session_id, action, token, fields?} → presses a button of a card, such as Stop; {ok, aside?}: the aside is a card for who pressed; {ok: false, wrong}: which fields are wrong, and why',
      handle: c => press(c, options),
    },
  ]
}

function pressOf(c: Context, asked: { session: string; action: string; token: string }): Press {
  const { session, action, token } = asked
  const id = `web:${randomUUID()}`
  return { id, conversation: conversationOf(c, session), author: authorOf(c), action, token, aside: id }
}

async function showForm(c: Context, { formFor, log }: TalkOptions): Promise<Response> {
  const { session_id, token } = check(formRequest, await readBody(c))
  const form = await kept(formFor?.(pressOf(c, { session: session_id, action: 'fill', token })) ?? nothing, log)
  if (!form) throw problem(404, 'this question is no longer open')
  const { text, from, fields } = form
  return c.json({ text, ...(from !== undefined && { from }), fields: fields.map(toPage) })
}

const nothing = Promise.resolve(undefined)

/** Each option with how it is typed; without that, it is typed by hand. */
function toPage({ options, ...field }: Field) {
  const typed = options?.map((option, at) => ({ ...option, typed: spellings({ ...field, options }, at)[0] }))
  return typed?.every(option => option.typed !== undefined) ? { ...field, options: typed } : field
}

/** How long the answer to a press waits for what is said to it, once the press is kept. */
const asideMs = 1000

async function press(c: Context, options: TalkOptions): Promise<Response> {
  const body = await readBody(c)
  const asked = toPress(body)
  const { fields } = check(filled, body)
  const what = { ...pressOf(c, asked), ...(fields && { fields }) }
  const wrong = await wrongIn(what, options)
  if (wrong) return c.json({ ok: false, wrong })
  const said = await kept(follow(c, asked.session, what.id, options), options.log)
  try {
    await kept(options.receive(what), options.log)
    const patience = setTimeout(said.close, asideMs)
    for await (const { at: _, ...aside } of said.cards) {
      clearTimeout(patience)
      return c.json({ ok: true, aside })
    }
  } finally {
    said.close()
  }
  return c.json({ ok: true })
}

/** By the name of each field which rule it breaks; undefined when the form is as it should be, or nobody's any more. */
async function wrongIn(what: Press, { formFor, log }: TalkOptions): Promise<Record<string, Wrong> | undefined> {
  const { fields } = what
  if (!fields || what.action !== 'fill' || !formFor) return undefined
  const form = await kept(formFor(what), log)
  const wrong = (form?.fields ?? []).flatMap(field => {
    const read = readField(field, (Object.hasOwn(fields, field.name) && fields[field.name]) || '')
    return 'wrong' in read ? [[field.name, read.wrong] as const] : []
  })
  return wrong.length > 0 ? Object.fromEntries(wrong) : undefined
}
