import type { Resource, ResourceTemplateType } from '@modelcontextprotocol/client'
import { inUnits } from '../i18n/size.ts'
import type { ToolResult } from '../toolbox.ts'
import type { UseOptions } from './calls.ts'
import { tidy } from './clean.ts'
import type { Hosted } from './hosted.ts'
import { showResult } from './result.ts'

/** What one server has to be read. */
export interface ServerResources {
  server: string
  resources: Resource[]
  /** Addresses with gaps, in braces, that the reader fills in. */
  templates: ResourceTemplateType[]
}

/** Rejects with a sentence. */
export async function listResources(server: Hosted, options: UseOptions): Promise<Omit<ServerResources, 'server'>> {
  const [resources, templates] = await Promise.all([
    server.use((client, ways) => client.listResources(undefined, ways), options).then(list => list.resources),
    // Servers that have none often do not know the question.
    server
      .use((client, ways) => client.listResourceTemplates(undefined, ways), options)
      .then(
        list => list.resourceTemplates,
        () => [],
      ),
  ])
  return { resources, templates }
}

/** In words, with what is no text as files. Rejects with a sentence. */
export async function readResource(server: Hosted, uri: string, options: UseOptions): Promise<ToolResult> {
  const { contents } = await server.use((client, ways, more) => client.readResource({ uri, ...more }, ways), options)
  const content = contents.map(resource => ({ type: 'resource' as const, resource }))
  if (content.length === 0) return { ok: true, text: '(there is nothing in it)' }
  return showResult({ content }, server.config.result)
}

/** Longer lists fill a prompt and are read by nobody. */
const mostShown = 200
const maxDescriptionChars = 300

/** As a model reads it. */
export function describeResources({ server, resources, templates }: ServerResources): string {
  const lines = resources.map(({ uri, mimeType, size, ...words }) => line(uri, words, [mimeType, size && inUnits(size)]))
  const open = templates.map(({ uriTemplate, mimeType, ...words }) => line(uriTemplate, words, [mimeType]))
  const parts = [
    ...shorten(lines),
    ...(open.length > 0 ? ['Addresses with gaps: put something in place of what is in braces.', ...shorten(open)] : []),
  ]
  return `**${server}**\n${parts.length > 0 ? parts.join('\n') : '(none)'}`
}

function line(
  address: string,
  { name, title, description }: { name: string; title?: string | undefined; description?: string | undefined },
  facts: unknown[],
): string {
  const known = facts.filter(Boolean).join(', ')
  const words = [title ?? name, description ?? ''].filter(text => text !== '').join(': ')
  const told = tidy(words.replace(/\s+/g, ' '), maxDescriptionChars)
  return `- <${tidy(address, 2000)}> ${told}${known === '' ? '' : ` (${tidy(known, 100)})`}`.trimEnd()
}

function shorten(lines: string[]): string[] {
  if (lines.length <= mostShown) return lines
  return [...lines.slice(0, mostShown), `- and ${lines.length - mostShown} more`]
}
