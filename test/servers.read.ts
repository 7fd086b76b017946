import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readServers } from '../src/config/servers.ts'
import { ConfigError } from '../src/errors.ts'

/** Where the bot of these tests lives. */
export const folder = mkdtempSync(join(tmpdir(), 'bellhop-servers-'))

/** What other clients' users have, in the shape that those clients document. */
export const dialects = join(import.meta.dirname, 'fixtures/servers')

export const readText = (text: string, env = {}) => readServers(text, 'f.json', env, folder)
export const readAll = (entries: object, env = {}) => readText(JSON.stringify({ mcpServers: entries }), env)

/** One entry named a, alone in its file. */
export function readOne(entry: object, env = {}) {
  const { servers, disabled, warnings } = readAll({ a: entry }, env)
  return { server: servers[0], error: disabled[0]?.error, warnings }
}

export function problemsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
