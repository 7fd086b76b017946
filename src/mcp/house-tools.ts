import { Parked } from '../errors.ts'
import { reason } from '../log.ts'
import type { Tool } from '../model.ts'
import type { ToolResult } from '../toolbox.ts'
import type { UseOptions } from './calls.ts'
import { withoutOutput } from './faults.ts'
import type { Hosted } from './hosted.ts'
import { nearest } from './names.ts'
import { describeResources, listResources, readResource } from './resources.ts'

/** A server under the name by which it is known here. */
export interface Named {
  name: string
  server: Hosted
}

interface HouseTool {
  tool: Tool
  call(input: Record<string, unknown>, servers: Named[], options: UseOptions): Promise<ToolResult>
}

const text = (description: string) => ({ type: 'string', description })
const ours = { server: 'bellhop', repeatable: true, readOnly: true as const }

/** What a model calls to reach what servers have beside tools; offered while one of them has resources. */
const houseTools: HouseTool[] = [
  {
    tool: {
      ...ours,
      name: 'list_resources',
      label: 'List resources',
      description:
        'Lists what the tool servers have to be read (files, records, pages), with the address of each for read_resource.',
      inputSchema: { type: 'object', properties: { server: text('Only those of this server') } },
    },
    async call({ server: wanted }, servers, options) {
      const asked = typeof wanted === 'string' && wanted !== '' ? servers.filter(({ name }) => name === wanted) : servers
      if (asked.length === 0) return noSuchServer(String(wanted), servers)
      const told = await Promise.all(asked.map(one => tellResources(one, options)))
      return { ok: told.some(({ ok }) => ok), text: told.map(one => one.text).join('\n\n') }
    },
  },
  {
    tool: {
      ...ours,
      name: 'read_resource',
      label: 'Read a resource',
      description: 'Reads one resource of a tool server by its address, as list_resources or the result of a tool tells it.',
      inputSchema: {
        type: 'object',
        properties: { server: text('The server that has it'), uri: text('Its address') },
        required: ['server', 'uri'],
      },
    },
    async call({ server: wanted, uri }, servers, options) {
      const found = servers.find(({ name }) => name === wanted)
      if (!found) return noSuchServer(String(wanted ?? ''), servers)
      if (typeof uri !== 'string' || uri === '') return { ok: false, text: 'say which one: `uri` is missing' }
      return readResource(found.server, uri, options)
    },
  },
]

/** Those that there is something for. */
export function houseToolsFor(servers: Hosted[]): Tool[] {
  return servers.some(server => server.offers().resources) ? houseTools.map(({ tool }) => tool) : []
}

/** As `Toolbox.call`, among the house's own. */
export async function callHouseTool(
  name: string,
  input: Record<string, unknown>,
  servers: Named[],
  options: UseOptions,
): Promise<ToolResult> {
  const found = houseTools.find(({ tool }) => tool.name === name)
  const readable = servers.filter(({ server }) => server.offers().resources)
  try {
    return found ? await found.call(input, readable, options) : { ok: false, text: `there is no tool "${name}"` }
  } catch (error) {
    if (error instanceof Parked) throw error
    return { ok: false, text: `${found?.tool.label} (${name}) failed: ${withoutOutput(reason(error))}` }
  }
}

async function tellResources({ name, server }: Named, options: UseOptions): Promise<{ ok: boolean; text: string }> {
  try {
    return { ok: true, text: describeResources({ server: name, ...(await listResources(server, options)) }) }
  } catch (error) {
    if (error instanceof Parked) throw error
    return { ok: false, text: `**${name}** could not be listed: ${withoutOutput(reason(error))}` }
  }
}

function noSuchServer(wanted: string, servers: Named[]): ToolResult {
  const names = nearest(
    wanted,
    servers.map(({ name }) => name),
  )
  const known = names.length > 0 ? `servers that have some are ${names.join(', ')}` : 'no server has any'
  return { ok: false, text: `there are no resources of a server "${wanted.slice(0, 80)}"; ${known}` }
}
