import { chmodSync, existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** The text of an `.env` file, empty where there is none. */
export function readEnvFile(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** What it sets. */
export function valuesOf(text: string): Record<string, string> {
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']))
}

/**
 * The text with these values in it, everything else as it was: a variable that is set already changes on its line, one that is not comes at
 * the end, and one that is undefined goes.
 */
export function mergeEnv(text: string, values: Record<string, string | undefined>): string {
  const waiting = new Map(Object.entries(values))
  const lines = text.split(/\r?\n/).flatMap(line => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1]
    if (name === undefined || !(name in values)) return [line]
    const value = waiting.get(name)
    if (!waiting.delete(name) || value === undefined) return [] // the later one of two would win
    return [assignment(name, value)]
  })
  while (lines.at(-1)?.trim() === '') lines.pop()
  for (const [name, value] of waiting) if (value !== undefined) lines.push(assignment(name, value))
  return `${lines.join('\n')}\n`
}

/** Plain where nothing in it means something to the reader of the file. */
function assignment(name: string, value: string): string {
  if (/^[\w@%+=:,./~-]*$/.test(value)) return `${name}=${value}`
  const quote = ["'", '`', '"'].find(mark => !value.includes(mark)) ?? "'"
  return `${name}=${quote}${value}${quote}`
}

/** For nobody's eyes but the owner's. The old file stands until the new one is whole. */
export function writeEnvFile(path: string, text: string): void {
  const target = existsSync(path) ? realpathSync(path) : path
  const draft = `${target}.${process.pid}.tmp`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  chmodSync(draft, 0o600) // whatever the umask took away
  renameSync(draft, target)
}
