import type { OfferedTool, TurnEnd } from './adapter.ts'
import { listUnasked, type PermissionOptions } from './agent/permission.ts'
import { misfit } from './mcp/output.ts'
import type { Message } from './message.ts'
import { type Entry, houseServer, type Tool } from './model.ts'
import { inAllTexts, type Redact } from './redact.ts'
import type { Toolbox } from './toolbox.ts'

// A program that asks for a tool and no model, as the worker answers it.

/** So much of a result goes over the feed, as words and as data; a model reads far less. */
const mostChars = 400_000

/** What who asks may call; the house's own tools are for its own model. */
export async function offeredTools(toolbox: Toolbox, options: PermissionOptions): Promise<OfferedTool[]> {
  const tools = await listUnasked(toolbox, options)
  return tools.filter(({ server }) => server !== houseServer).map(toOffered)
}

const toOffered = ({ name, label: title, description, inputSchema, readOnly, repeatable, ...said }: Tool): OfferedTool => ({
  ...{ name, title, description, inputSchema, readOnly: readOnly === true, repeatable },
  ...(said.outputSchema && { outputSchema: said.outputSchema }),
  ...(said.destructive !== undefined && { destructive: said.destructive }),
  ...(said.openWorld !== undefined && { openWorld: said.openWorld }),
})

interface Direct {
  /** What was listed. */
  offered: OfferedTool[]
  redact: Redact
  toolbox: Toolbox
}

/** What is told of it at the end; `said` is what has come of it. */
export function directEnd({ terms }: Message, said: Entry[], { offered, redact, toolbox }: Direct): Partial<TurnEnd> {
  if (terms?.direct === undefined) return {}
  if (terms.direct === 'list') return { tools: offered }
  const last = said.findLast(({ role }) => role === 'tool')
  if (last?.role !== 'tool') return {}
  const files = (last.files ?? []).map(({ id, name, mime }) => ({ id, name, mime }))
  const data = last.structured && inAllTexts(last.structured, redact)
  const schema = toolbox.resolve(terms.direct.tool)?.outputSchema
  const wrong = wrongWith(data, schema)
  const told = { files, ...(data && wrong === undefined && { structured: data }) }
  const text = cut(redact(last.text))
  if (!last.ok || !schema || wrong === undefined) return { result: { ok: last.ok, text, ...told } }
  return { result: { ok: false, text: `${text}\n\n(it was called, but ${wrong})`, ...told } }
}

/** Why a client that was promised such data would throw away the whole result. */
function wrongWith(data: Record<string, unknown> | undefined, schema: Tool['outputSchema']): string | undefined {
  if (!data) return 'the structured content that it promises is missing'
  if (JSON.stringify(data).length > mostChars) return 'its structured content is too long to be handed on'
  const why = schema && misfit(schema, data)
  return why && `its structured content is not what it promises: ${why}`
}

function cut(text: string): string {
  if (text.length <= mostChars) return text
  return `${text.slice(0, mostChars)}\n\n[cut: these are the first ${mostChars} of ${text.length} characters]`
}

/** What stands in the place of an answer in words. */
export const directText = (direct: NonNullable<NonNullable<Message['terms']>['direct']>) =>
  direct === 'list' ? 'tools' : direct.tool
