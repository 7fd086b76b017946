import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Api } from './api.ts'
import { type Endpoint, endpoints, type Input } from './endpoints.ts'

const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }

const page = z.object({
  count: z.number().int().describe('How many items this page has'),
  items: z.array(z.unknown()),
  next_cursor: z.string().optional().describe('Pass it as cursor for the next page'),
})

export function registerTools(server: McpServer, api: Api): void {
  for (const endpoint of endpoints) registerEndpoint(server, api, endpoint)
}

function registerEndpoint(server: McpServer, api: Api, endpoint: Endpoint): void {
  const { name, title, description, inputs, lists } = endpoint
  server.registerTool(
    name,
    {
      title,
      description,
      inputSchema: z.object(Object.fromEntries(inputs.map(input => [input.name, schemaOf(input)]))),
      outputSchema: lists ? page : z.looseObject({}),
      annotations: { title, ...reads },
    },
    (given, { mcpReq }) => answer(endpoint, api, given as Record<string, string | number>, mcpReq.signal),
  )
}

function schemaOf({ kind, required, description }: Input): z.ZodType {
  const schemas: Record<Input['kind'], z.ZodType> = {
    screenname: z
      .string()
      .regex(/^@?\w{1,15}$/, 'a name of X has at most 15 letters, digits and _')
      .transform(name => name.replace(/^@/, '')),
    id: z.union([z.string().regex(/^\d{1,25}$/, 'a number'), z.number().int().nonnegative()]).transform(String),
    query: z.string().min(1).max(500),
    country: z.string().regex(/^[A-Za-z]{2,40}$/, 'a country in English without blanks'),
    flag: z
      .union([z.literal(0), z.literal(1), z.literal('0'), z.literal('1'), z.boolean()])
      .transform(flag => String(Number(flag))),
    'search-type': z.enum(['Top', 'Latest']),
    cursor: z.string().min(1).max(2000),
  }
  const schema = schemas[kind].describe(description)
  return required ? schema : schema.optional()
}

async function answer(
  endpoint: Endpoint,
  api: Api,
  given: Record<string, string | number>,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const params = Object.fromEntries(
    endpoint.inputs.flatMap(({ name, param }) => (given[name] === undefined ? [] : [[param, String(given[name])]])),
  )
  if (endpoint.name === 'search_tweets') params['search_type'] ??= 'Top'
  try {
    const found = shape(endpoint, await api.ask(endpoint, params, signal), params['cursor'])
    return { content: [{ type: 'text', text: JSON.stringify(found) }], structuredContent: found }
  } catch (error) {
    return { content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }], isError: true }
  }
}

function shape({ inputs, lists }: Endpoint, found: Record<string, unknown>, cursor: string | undefined): Record<string, unknown> {
  const { status } = found
  if (status === 'error' || status === 'notfound')
    throw new Error('nothing is there: it does not exist, was deleted, or is private')
  if (!lists) {
    if (Object.keys(found).length === 0) throw new Error('the API has nothing about it')
    return tidy(found) as Record<string, unknown>
  }
  const items = lists.map(name => found[name]).find(Array.isArray)
  const said = found['message'] ?? found['error']
  if (items === undefined && typeof said === 'string')
    throw new Error(`the API has no list of these, and says: ${said.slice(0, 200)}; check what was asked, or try again later`)
  const next = inputs.some(({ kind }) => kind === 'cursor') ? nextCursor(found, cursor) : undefined
  return { count: items?.length ?? 0, items: (items ?? []).map(tidy), ...(items?.length && next && { next_cursor: next }) }
}

/** None behind the last page, which may say so, or lead back to itself. */
function nextCursor(
  { next_cursor: next, more_users: more }: Record<string, unknown>,
  given: string | undefined,
): string | undefined {
  return typeof next === 'string' && next !== '' && next !== given && more !== false ? next : undefined
}

/** Without what says nothing: half of such an answer is empty. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy).filter(isSomething)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => [[name, tidy(one)] as const].filter(([, kept]) => isSomething(kept))),
  )
}

function isSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
