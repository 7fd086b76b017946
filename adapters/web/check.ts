import type { z } from 'zod'
import { problem } from './problem.ts'

/** The body as the schema reads it. Throws 400 with one sentence that names the field. */
export function check<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const param = pathOf(issue?.path ?? [])
  throw problem(400, `${param === '' ? 'the body' : `"${param}"`}: ${issue?.message ?? 'is wrong'}`, { param })
}

/** `['messages', 0, 'content']` → `messages[0].content`. */
function pathOf(path: PropertyKey[]): string {
  return path.reduce<string>((whole, part) => {
    if (typeof part === 'number') return `${whole}[${part}]`
    return whole === '' ? String(part) : `${whole}.${String(part)}`
  }, '')
}
