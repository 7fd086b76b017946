import type {
  Client,
  ClientCapabilities,
  ClientOptions,
  CreateMessageResult,
  ElicitResult,
  ListRootsResult,
} from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { isRecord } from './mend.ts'

/** What a server may ask of us while it works on a call. */
export interface ServerRequest {
  method: string
  params: unknown
}

/** Answers a server. Rejects with a sentence when that cannot be. */
export type AnswerServer = (request: ServerRequest) => Promise<Record<string, unknown>>

/** What we tell a server that it may ask: only what its configuration allows. */
export function capabilitiesFor({ elicitation, sampling, roots }: ServerConfig): Pick<ClientOptions, 'capabilities'> {
  const capabilities: ClientCapabilities = {
    ...(elicitation && { elicitation: { form: { applyDefaults: true }, url: {} } }),
    ...(sampling && { sampling: {} }),
    ...(roots.length > 0 && { roots: { listChanged: false } }),
    // Heard by servers of 2025-11-25 alone.
    ...((elicitation || sampling) && { tasks: { cancel: {}, requests: tasksFor(elicitation, sampling) } }),
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  }
  return { capabilities }
}

const tasksFor = (elicitation: boolean, sampling: boolean) => ({
  ...(elicitation && { elicitation: { create: {} } }),
  ...(sampling && { sampling: { createMessage: {} } }),
})

/** Before 2026 a server asks by requests of its own, on the line of a call or beside it. */
export function hearRequests(client: Client, config: ServerConfig, answer: AnswerServer): void {
  const { elicitation, sampling, roots } = config
  // What comes out is checked by the library against the method's own schema.
  const hear = <Result>(method: string) => {
    return async ({ params }: { params?: unknown }) => (await answer({ method, params })) as Result
  }
  if (elicitation) client.setRequestHandler('elicitation/create', hear<ElicitResult>('elicitation/create'))
  if (sampling) client.setRequestHandler('sampling/createMessage', hear<CreateMessageResult>('sampling/createMessage'))
  if (roots.length > 0) client.setRequestHandler('roots/list', hear<ListRootsResult>('roots/list'))
}

/** The folders that the operator lets a server know of. */
export function rootsOf({ roots }: ServerConfig): Record<string, unknown> {
  return { roots: roots.map(uri => ({ uri, name: decodeURIComponent(uri.split('/').findLast(part => part !== '') ?? uri) })) }
}

/** The pages that an old server wants to be visited before it does what was asked (error -32042 of 2025-11-25). */
export function linksIn(error: unknown): Record<string, unknown>[] {
  if (!(error instanceof Error) || !('code' in error) || error.code !== -32042) return []
  const data: unknown = 'data' in error ? error.data : undefined
  const links = isRecord(data) && Array.isArray(data['elicitations']) ? data['elicitations'] : []
  return links.filter(isRecord).map(link => ({ ...link, mode: 'url' }))
}
