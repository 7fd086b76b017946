// The reference servers of the protocol's authors, used by people on Telegram: everything that a server says it has, by the bot's own
// commands, with what then stands in the chat.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Cases, everything, filesystem, memory, type Use } from './telegram-servers.cases.ts'
import { type Offer, offerOf, openStage, type Stage, type Told, ways } from './telegram-servers.stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellhop-files-'))
writeFileSync(join(folder, 'a.txt'), 'one\ntwo\n')
writeFileSync(
  join(folder, 'p.png'),
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
)
const stages = await Promise.all(
  ways.map(async way => ({ way, stage: await openStage(way, way === 'stdio' ? folder : undefined) })),
)
afterAll(async () => {
  await Promise.all(stages.map(({ stage }) => stage.close()))
  rmSync(folder, { recursive: true, force: true })
})

const casesOf: Record<string, Cases> = { all: everything, files: filesystem(folder), memory }

/** How a person uses something of this kind. */
const commands: Record<keyof Offer, (server: string, name: string, input: NonNullable<Use['input']>) => string> = {
  tools: (server, name, input) => `/call ${server}.${name} ${JSON.stringify(input)}`,
  resources: (server, uri) => `/call read_resource ${JSON.stringify({ server, uri })}`,
  templates: (server, template, input) =>
    `/call read_resource ${JSON.stringify({ server, uri: template.replace(/\{(\w+)\}/g, (_, gap) => String(input[gap])) })}`,
  prompts: (server, name, input) =>
    `/prompt ${server}.${name} ${Object.entries(input)
      .map(([key, value]) => `${key}="${value}"`)
      .join(' ')}`,
}
const kinds = Object.keys(commands) as (keyof Offer)[]

interface Played {
  use: Use
  told: Promise<Told>
}

/** One after the other by each connection: of two calls at once a server could not say whom it asks. */
function play({ converse }: Stage, server: string, cases: Cases): (kind: keyof Offer, name: string) => Played[] {
  const played = new Map<string, Played[]>()
  const before: Record<string, Promise<unknown>> = {}
  for (const kind of kinds) {
    for (const [name, uses] of Object.entries(cases[kind] ?? {})) {
      const begun = uses.map(use => {
        const at = use.apart ? 'apart' : server
        const told = Promise.resolve(before[at]).then(() => converse(commands[kind](at, name, use.input ?? {}), use))
        before[at] = told.catch(() => {}) // its test tells
        return { use, told }
      })
      played.set(`${kind} ${name}`, begun)
    }
  }
  return (kind, name) => played.get(`${kind} ${name}`) ?? []
}

const played = stages.flatMap(({ way, stage }) =>
  Object.entries(stage.servers).map(([server, entry]) => {
    const find = play(stage, server, casesOf[server] ?? { tools: {} })
    return { way, server, entry, find }
  }),
)
const served = await Promise.all(played.map(async one => ({ ...one, offer: await offerOf(one.entry) })))

describe.each(served)('$server over $way', ({ server, offer, find }) => {
  const offered = kinds.flatMap(kind => offer[kind].map(name => ({ kind, name })))

  test.each(offered)('$kind: $name', { timeout: 60_000 }, async ({ kind, name }) => {
    const uses = find(kind, name)
    expect(uses.length, 'how it is used is not written in the cases').toBeGreaterThan(0)
    for (const { use, told } of uses) {
      const { text, files } = await told
      expect(text).toMatch(use.says)
      expect(files).toHaveLength(use.files ?? 0)
    }
  })

  test('has all that is used of it', () => {
    for (const kind of kinds) expect(offer[kind].toSorted()).toEqual(Object.keys(casesOf[server]?.[kind] ?? {}).toSorted())
  })
})

test('what was written is there', () => {
  expect(readFileSync(join(folder, 'sub/b.txt'), 'utf8')).toBe('four')
})
