import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { humanise } from '../../src/mcp/names.ts'
import type { Tool } from '../../src/model.ts'
import type { ServerStatus, Toolbox } from '../../src/toolbox.ts'

/** Somebody asks for a tool. */
export interface Asked {
  /** Word for word. */
  words: string
  /** What a model would pass to `search_tools` to find it. */
  query: string
  /** Names; any of them is right. */
  right: string[]
}

const read = (file: string) =>
  readFileSync(join(import.meta.dirname, file), 'utf8')
    .trim()
    .split('\n')

/** What servers write beside parameters that go by these names. */
const explained: Record<string, string> = {
  query: 'What to search for',
  limit: 'Maximum number of results to return',
  path: 'Path of the file or folder',
  owner: 'Owner of the repository',
  repo: 'Name of the repository',
  message_id: 'Identifier of the message',
  channel_id: 'Identifier of the channel',
  entity_id: 'Identifier of the entity, such as light.kitchen',
  start: 'Start, in ISO 8601',
  end: 'End, in ISO 8601',
  city: 'Name of the city',
  date: 'Date as YYYY-MM-DD',
  sql: 'The SQL statement',
  file: 'Path or address of the file',
  url: 'The address, beginning with https://',
  text: 'The text',
  project_id: 'Identifier of the project',
}

/** 86 servers of the kinds that people connect, and their 589 tools. */
export function readCatalogue(): { tools: Tool[]; servers: ServerStatus[] } {
  const tools: Tool[] = []
  const servers: ServerStatus[] = []
  for (const line of read('servers.txt')) {
    const [name = '', about = '', parameters = ''] = line.split(' | ').map(part => part.trim())
    const server = servers.at(-1)
    if (name.startsWith('# ')) servers.push({ name: name.slice(2), state: 'active', tools: 0, instructions: about })
    else if (server) {
      server.tools++
      tools.push(toTool(server.name, name, about, parameters === '' ? [] : parameters.split(', ')))
    }
  }
  return { tools, servers }
}

function toTool(server: string, own: string, description: string, parameters: string[]): Tool {
  const properties = Object.fromEntries(
    parameters.map(name => [name, { type: 'string', description: explained[name] ?? humanise(name) }]),
  )
  const inputSchema = { type: 'object', properties, required: parameters.slice(0, 1) }
  return {
    name: `${server}__${own}`,
    description,
    inputSchema,
    label: humanise(own),
    server,
    repeatable: false,
    permission: 'allow',
  }
}

export function readAsked(file: string): Asked[] {
  return read(file)
    .filter(line => !line.startsWith('# '))
    .map(line => {
      const parts = line.split(' | ')
      return { words: parts[0] ?? '', query: parts.at(-2) ?? '', right: (parts.at(-1) ?? '').split(' ') }
    })
}

/** All of them connected at once; a call says which tool ran. */
export function catalogueToolbox(): Toolbox {
  const { tools, servers } = readCatalogue()
  return {
    list: () => tools,
    resolve: name => tools.find(tool => tool.name === name),
    call: async name =>
      tools.some(tool => tool.name === name)
        ? { ok: true, text: `ran ${name}` }
        : { ok: false, text: `there is no tool ${name}` },
    servers: () => servers,
  }
}
