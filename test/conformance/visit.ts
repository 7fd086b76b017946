// One scenario: our host, used as its owner would, against the server whose address stands last.
import { isDeepStrictEqual } from 'node:util'
import { type Answer, type AskDraft, type Field, readField, type Values } from '../../src/ask.ts'
import { type ServerConfig, serverDefaults } from '../../src/config/servers.ts'
import { silentLog } from '../../src/log.ts'
import { createHost, type Host } from '../../src/mcp/host.ts'
import { createSignIns } from '../../src/mcp/sign-ins.ts'
import { listSkills, readSkill } from '../../src/mcp/skills.ts'
import { createWebs, signInFor, type WebOptions } from '../../src/mcp/web.ts'
import { createWebFetch } from '../../src/mcp/web-fetch.ts'
import type { Tool } from '../../src/model.ts'
import { createGuard } from '../../src/net/guard.ts'
import { openRedis } from '../../src/redis/redis.ts'
import { createVault } from '../../src/vault.ts'
import { type Context, settingsFor } from './settings.ts'

const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? ''
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Context
const url = process.argv.at(-1) ?? ''
/** The clients of one run share a Redis, as the workers of a house do. */
const dir = process.env['CONFORMANCE_DIR'] ?? ''
const root = `${import.meta.dirname}/../..`
const patienceMs = 60_000
const patience = () => AbortSignal.timeout(patienceMs)

const config: ServerConfig = {
  ...serverDefaults,
  name: `conformance-${process.pid}`,
  transport: { kind: 'http', url, headers: {} },
  roots: ['file:///srv/shared'],
  sampling: true,
  connectMs: patienceMs,
  ...settingsFor(scenario, context),
}

/** The server does what a host has to refuse. */
class Refused extends Error {}

/** Resolves with how it ended, in the words that the gate wants to read. */
export async function visit(): Promise<string> {
  const house = await openRedis({ root, dir, path: process.env['PATH'] ?? '', log: silentLog })
  const options: WebOptions = {
    guard: createGuard({ allow: [] }),
    signIns: createSignIns(house.redis, createVault('conformance '.repeat(4))),
    redirectUrl: 'http://127.0.0.1:8000/oauth/callback',
    clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
  }
  const host = createHost({ log: silentLog, web: createWebs(options) })
  try {
    await use(createVisit(host, options))
    return 'done'
  } catch (error) {
    if (error instanceof Refused) return `refused: ${error.message.replaceAll(/\s+/g, ' ')}`
    throw error
  } finally {
    await host.close()
    await house.close()
  }
}

interface Visit {
  host: Host
  /** Does something, and once more after a sign-in for as long as the server wants one. */
  signedIn<T>(work: () => Promise<T>): Promise<T>
}

function createVisit(host: Host, options: WebOptions): Visit {
  const status = () => host.toolboxFor([]).servers()[0]
  return {
    host,
    async signedIn(work) {
      while (true) {
        const outcome = await work().then(
          result => ({ result }),
          (error: unknown) => ({ error }),
        )
        if (status()?.state !== 'needs_auth') {
          if ('error' in outcome) throw outcome.error
          return outcome.result
        }
        await signIn(options).catch((error: Error) => Promise.reject(new Refused(error.message)))
        await host.unregister(config.name)
        await host.register(config)
      }
    },
  }
}

/** As a person does by a command, a browser and the page that it comes back to. */
async function signIn(options: WebOptions): Promise<void> {
  const fetchAs = createWebFetch()
  let link: URL | undefined
  const begun = signInFor(config, 'house', fetchAs, options, to => {
    link = to
  })
  if ((await begun?.begin()) || !link) return
  const answer = await fetch(link, { redirect: 'manual' })
  const back = new URL(answer.headers.get('location') ?? '')
  const place = await options.signIns?.find(back.searchParams.get('state') ?? '')
  if (place?.server !== config.name) throw new Error('the browser came back with a state of nobody')
  await signInFor(config, 'house', fetchAs, options)?.finish(back.searchParams)
}

async function use(at: Visit): Promise<void> {
  const { host, signedIn } = at
  await host.register(config)
  await signedIn(async () => {})
  const status = host.toolboxFor([]).servers()[0]
  if (status?.state !== 'active') throw new Refused(status?.error ?? 'it is away')
  if (scenario.startsWith('sep-2640-')) return useSkills(host)
  const tools = await host.list()
  for (const { name, input } of await callsFor(host, tools)) await signedIn(() => call(host, name, input))
  await lookAround(host)
}

async function call(host: Host, name: string, input: Record<string, unknown>): Promise<void> {
  const result = await host.call(name, input, { signal: patience(), onProgress() {}, ask: agree })
  // What a tool answers is for the model; what the host could not do is told by the checks of the scenario.
  if (!result.ok) console.error(result.text)
}

/** A person who says yes to everything and leaves every field as it is. */
async function agree(draft: AskDraft): Promise<Answer> {
  const values: Values = {}
  for (const field of draft.fields) {
    const read = readField(field, '')
    const value = 'value' in read ? read.value : answerTo(field)
    if (value !== undefined) values[field.name] = value
  }
  return { how: 'yes', values }
}

function answerTo({ kind, options = [], min = 1 }: Field): Values[string] {
  if (kind === 'yes-no') return true
  if (kind === 'number' || kind === 'integer') return min
  const [first] = options
  return kind === 'many' ? [first?.value ?? ''] : (first?.value ?? 'conformance')
}

interface Call {
  name: string
  input: Record<string, unknown>
}

async function callsFor(host: Host, tools: Tool[]): Promise<Call[]> {
  if (scenario === 'json-schema-ref-no-deref') return []
  const named = (name: string) => tools.find(tool => tool.name.endsWith(`__${name}`))?.name ?? name
  if (context.toolCalls) return context.toolCalls.map(({ name, arguments: input }) => ({ name: named(name), input }))
  if (scenario === 'json-schema-2020-12-preservation') return [await echo(host, named('json_schema_echo'))]
  return tools.map(({ name, inputSchema }) => ({ name, input: sampleOf(inputSchema) as Record<string, unknown> }))
}

/** The schema as the server gave it: what models are given is adapted to them, since some take no choices at the root. */
async function echo(host: Host, name: string): Promise<Call> {
  const { tools } = await host.reach(config.name, (client, options) => client.listTools(undefined, options), {
    signal: patience(),
  })
  const focal = tools.find(tool => tool.name === 'json_schema_2020_12_tool')
  return { name, input: { schema: focal?.inputSchema } }
}

/** The least that a schema takes. */
function sampleOf(schema: Record<string, unknown>): unknown {
  const { type, properties = {}, required = [], enum: values, default: preset } = schema as Schema
  if (preset !== undefined) return preset
  if (values) return values[0]
  if (type === 'number' || type === 'integer') return 1
  if (type === 'boolean') return true
  if (type === 'array') return []
  if (type === 'string') return 'conformance'
  return Object.fromEntries(required.map(name => [name, sampleOf(properties[name] ?? {})]))
}

interface Schema {
  type?: string
  properties?: Record<string, Record<string, unknown>>
  required?: string[]
  enum?: unknown[]
  default?: unknown
}

/** The first resource and the first prompt, where there are any. */
async function lookAround(host: Host): Promise<void> {
  await host.reach(
    config.name,
    async (client, options) => {
      const { resources, prompts } = client.getServerCapabilities() ?? {}
      const [resource] = resources ? (await client.listResources(undefined, options)).resources : []
      if (resource) await client.readResource({ uri: resource.uri }, options)
      const [prompt] = prompts ? (await client.listPrompts(undefined, options)).prompts : []
      const given = prompt?.arguments?.map(({ name }) => [name, 'conformance']) ?? []
      if (prompt) await client.getPrompt({ name: prompt.name, arguments: Object.fromEntries(given) }, options)
    },
    { signal: patience() },
  )
}

/** Lists; and loads them, unless the scenario is about those that nobody wants. */
async function useSkills(host: Host): Promise<void> {
  const skills = await host.reach(config.name, listSkills, { signal: patience() })
  if (scenario === 'sep-2640-client-no-prefetch') return
  for (const skill of skills) {
    const files = await host
      .reach(config.name, (client, options) => readSkill(client, skill, options), { signal: patience() })
      .catch((error: Error) => Promise.reject(new Refused(error.message)))
    if (isDeepStrictEqual(files, [])) throw new Error('a skill was loaded that has no files')
  }
}
