import type { OfferedTool, TurnEnd } from './adapter.ts'
import { listUnasked, type PermissionOptions } from './agent/permission.ts'
import type { Message } from './message.ts'
import { type Entry, houseServer, type Tool } from './model.ts'
import type { Redact } from './redact.ts'
import type { Toolbox } from './toolbox.ts'

// A program that asks for a tool and no model, as the worker answers it.

/** So much of a result goes over the feed; a model reads far less. */
const mostChars = 400_000

/** What who asks may call; the house's own tools are for its own model. */
export async function offeredTools(toolbox: Toolbox, options: PermissionOptions): Promise<OfferedTool[]> {
  const tools = await listUnasked(toolbox, options)
  return tools.filter(({ server }) => server !== houseServer).map(toOffered)
}

const toOffered = ({ name, label: title, description, inputSchema, readOnly, repeatable, ...said }: Tool): OfferedTool => ({
  ...{ name, title, description, inputSchema, readOnly: readOnly === true, repeatable },
  ...(said.destructive !== undefined && { destructive: said.destructive }),
  ...(said.openWorld !== undefined && { openWorld: said.openWorld }),
})

/** What is told of it at the end; `said` is what has come of it, and `tools` what was listed. */
export function directEnd({ terms }: Message, said: Entry[], tools: OfferedTool[], redact: Redact): Partial<TurnEnd> {
  if (terms?.direct === undefined) return {}
  if (terms.direct === 'list') return { tools }
  const last = said.findLast(({ role }) => role === 'tool')
  if (last?.role !== 'tool') return {}
  const text = redact(last.text)
  const cut = `${text.slice(0, mostChars)}\n\n[cut: these are the first ${mostChars} of ${text.length} characters]`
  const files = (last.files ?? []).map(({ id, name, mime }) => ({ id, name, mime }))
  return { result: { ok: last.ok, text: text.length > mostChars ? cut : text, files } }
}

/** What stands in the place of an answer in words. */
export const directText = (direct: NonNullable<NonNullable<Message['terms']>['direct']>) =>
  direct === 'list' ? 'tools' : direct.tool
