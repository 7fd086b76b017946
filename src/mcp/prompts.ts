import type { ContentBlock } from '@modelcontextprotocol/client'
import type { Entry, Picture } from '../model.ts'
import type { PromptInfo, Prompts, Typing } from '../toolbox.ts'
import type { UseOptions } from './calls.ts'
import { tidy } from './clean.ts'
import type { Hosted } from './hosted.ts'
import type { Named } from './house-tools.ts'
import { nearest } from './names.ts'
import { showResult } from './result.ts'

type OfServer = Omit<PromptInfo, 'server'>

/** The prompts of servers, each server's list remembered for a while, or until the server says that it is another one. */
export interface PromptLists {
  of(servers: () => Named[]): Prompts
}

const listHoldsMs = 300_000
/** After this, one that could not be asked is asked again. */
const askAgainMs = 30_000
const maxNameChars = 200
const maxDescriptionChars = 500

export function createPromptLists(now: () => number): PromptLists {
  const lists = new WeakMap<Hosted, { until: number; edition: number; prompts: OfServer[] }>()

  /** One that cannot be asked now still has those that it told last. */
  async function listOf(server: Hosted, signal: AbortSignal): Promise<OfServer[]> {
    const known = lists.get(server)
    const edition = server.promptsEdition()
    const isFresh = known && known.edition === edition && now() < known.until
    const isUp = ['active', 'degraded'].includes(server.status().state)
    if (!server.offers().prompts || !isUp || isFresh) return known?.prompts ?? []
    const told = await askFor(server, { signal }).catch(() => undefined) // its health tells why
    const prompts = told ?? known?.prompts ?? []
    lists.set(server, { until: now() + (told ? listHoldsMs : askAgainMs), edition, prompts })
    return prompts
  }
  return {
    of: servers => ({
      async list(signal) {
        const lists = servers().map(async ({ name, server }) =>
          (await listOf(server, signal)).map(prompt => ({ server: name, ...prompt })),
        )
        return (await Promise.all(lists)).flat()
      },
      get: (server, name, values, options) => getPrompt(find(servers(), server), name, values, options),
      complete: (server, name, typing, signal) => complete(find(servers(), server), name, typing, { signal }),
    }),
  }
}

function find(servers: Named[], wanted: string): Hosted {
  const found = servers.find(({ name }) => name === wanted)
  if (found) return found.server
  const names = servers.map(({ name }) => name)
  throw new Error(`there is no server "${wanted.slice(0, 80)}"; the nearest are ${nearest(wanted, names).join(', ')}`)
}

async function askFor(server: Hosted, options: UseOptions): Promise<OfServer[]> {
  const { prompts } = await server.use(
    (client, ways) => client.listPrompts(undefined, { ...ways, cacheMode: 'refresh' }),
    options,
  )
  return prompts.map(({ name, title, description, arguments: wanted = [] }) => ({
    name,
    ...(title !== undefined && { title: tidy(title, maxNameChars) }),
    ...(description !== undefined && { description: tidy(description, maxDescriptionChars) }),
    arguments: wanted.map(argument => ({
      name: argument.name,
      ...(argument.description !== undefined && { description: tidy(argument.description, maxDescriptionChars) }),
      required: argument.required === true,
    })),
  }))
}

async function getPrompt(
  server: Hosted,
  name: string,
  values: Record<string, string>,
  options: UseOptions,
): Promise<Exclude<Entry, { role: 'tool' }>[]> {
  const params = { name, arguments: values }
  const { messages } = await server.use((client, ways, more) => client.getPrompt({ ...params, ...more }, ways), options)
  return messages.map(({ role, content }) => {
    const { text } = showResult({ content: [content] })
    const pictures = pictureIn(content)
    if (role === 'assistant') return { role, text, calls: [] }
    return { role, text: pictures.length > 0 ? '' : text, ...(pictures.length > 0 && { pictures }) }
  })
}

const seen = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

/** Those that a model can look at. */
export function pictureIn(content: ContentBlock): Picture[] {
  if (content.type !== 'image' || !seen.has(content.mimeType)) return []
  return [{ name: 'picture', mime: content.mimeType, data: Buffer.from(content.data, 'base64') }]
}

/** Of no more than 100, as the specification has it. */
async function complete(
  server: Hosted,
  name: string,
  { argument, typed, known = {} }: Typing,
  options: UseOptions,
): Promise<string[]> {
  if (!server.offers().completions) return []
  const params = {
    ref: { type: 'ref/prompt' as const, name },
    argument: { name: argument, value: typed },
    ...(Object.keys(known).length > 0 && { context: { arguments: known } }),
  }
  const { completion } = await server.use((client, ways) => client.complete(params, ways), options)
  return completion.values.slice(0, 100)
}
