import type { Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { type Log, reason } from '../../src/log.ts'

/** A client of a protocol before 2026, which speaks with the process that it began with. */
export interface McpSession {
  /** The id of the key that began it: no other gets to use it. */
  person: string
  server: Server
  transport: WebStandardStreamableHTTPServerTransport
}

export interface McpSessions {
  add(id: string, session: McpSession): void
  /** Undefined where there is none, or another key began it. */
  find(id: string, person: string): McpSession | undefined
  remove(id: string): void
  all(): McpSession[]
  close(): Promise<void>
}

/** Of one key; those of clients that went away without a word are the oldest. */
const mostOfOne = 32

/** The one that was used least lately goes when a key has too many. */
export function createMcpSessions(log: Log): McpSessions {
  const sessions = new Map<string, McpSession>()
  const end = ({ server }: McpSession) =>
    server.close().catch((error: unknown) => log.warn({ reason: reason(error) }, 'web: an MCP session did not close'))
  function drop(id: string, session: McpSession): void {
    sessions.delete(id)
    void end(session)
  }
  return {
    add(id, session) {
      sessions.set(id, session)
      const own = [...sessions].filter(([, { person }]) => person === session.person)
      for (const [oldest, other] of own.slice(0, -mostOfOne)) drop(oldest, other)
    },
    find(id, person) {
      const session = sessions.get(id)
      if (session?.person !== person) return undefined
      sessions.delete(id)
      sessions.set(id, session) // the newest stand last
      return session
    },
    remove: id => void sessions.delete(id),
    all: () => [...sessions.values()],
    async close() {
      await Promise.all([...sessions.values()].map(end))
      sessions.clear()
    },
  }
}
