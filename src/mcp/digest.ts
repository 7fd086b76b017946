import { createHash } from 'node:crypto'
import { isRecord } from './mend.ts'

/** The same for values that are equal as JSON, in whatever order their keys stand; 32 hex digits. */
export function digest(value: unknown): string {
  const json = JSON.stringify(value, (_key, part: unknown) => (isRecord(part) ? inOrder(part) : part)) ?? ''
  return createHash('sha256').update(json).digest('hex').slice(0, 32)
}

function inOrder(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
