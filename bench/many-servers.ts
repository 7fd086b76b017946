import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bellhop, type Recipe } from './recipes.ts'

const script = join(import.meta.dirname, 'many-tools.ts')
const echo = [join(import.meta.dirname, 'echo-server.ts')]

/** So many servers of so many tools, and one more whose tool is called. */
export const manyServers =
  (servers: number, tools: number): Recipe =>
  place => {
    const config = join(place.dir, 'many.json')
    const args = (at: number) => [script, `${at}`, `${tools}`]
    const many = Array.from({ length: servers }, (_, at) => [`s${at}`, { command: process.execPath, args: args(at) }])
    writeFileSync(
      config,
      JSON.stringify({ mcpServers: { bench: { command: process.execPath, args: echo }, ...Object.fromEntries(many) } }),
    )
    return bellhop({ SERVERS_CONFIG: config })(place)
  }
