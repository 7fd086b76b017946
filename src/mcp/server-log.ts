import type { Client } from '@modelcontextprotocol/client'
import { type Log, reason } from '../log.ts'
import { tidy } from './clean.ts'

/** Tells the operator something that he may want to know, once. */
export type WarnOnce = (facts: object, event: string) => void

const serious = new Set(['warning', 'error', 'critical', 'alert', 'emergency'])
const maxChars = 500

/** What a server writes for its operator. It may hold what people said, so it is told in full to whoever looks closely alone. */
export function hearLogs(client: Client, server: string, log: Log, warnOnce: WarnOnce): void {
  client.setNotificationHandler('notifications/message', ({ params: { level, logger, data } }) => {
    const said = tidy(typeof data === 'string' ? data : (JSON.stringify(data) ?? ''), maxChars)
    const facts = { level: String(level), ...(logger !== undefined && { logger: tidy(logger, 80) }) }
    log.debug({ server, ...facts, said }, 'mcp server says')
    if (serious.has(level)) warnOnce(facts, 'mcp server warns; what it says is told on the level debug')
  })
}

/** Before 2026 a server is told once how much it is to tell; from then on it tells what each request asks for. */
export function askForLogs(client: Client, complain: (complaint: string) => void): void {
  if (client.getProtocolEra() !== 'legacy' || !client.getServerCapabilities()?.logging) return
  client.setLoggingLevel('info').catch((error: unknown) => complain(`it does not say how it does: ${reason(error)}`))
}

/** To be added to the `_meta` of a request. */
export const logsWanted = { 'io.modelcontextprotocol/logLevel': 'info' }
