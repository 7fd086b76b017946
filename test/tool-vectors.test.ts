import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { type Log, silentLog } from '../src/log.ts'
import type { Embed, Tool } from '../src/model.ts'
import { createEmbedder } from '../src/models/embed.ts'
import { startShift } from '../src/shift.ts'
import { createToolFinder } from '../src/tools/finder.ts'
import { createVectors } from '../src/tools/vectors.ts'
import { aMessage, fakeChat } from './fakes.ts'
import { readCatalogue } from './tool-search/catalogue.ts'
import { startOpenAiWire } from './wire/openai.ts'
import type { Embeds } from './wire/openai-vectors.ts'
import { answered, testWorkers } from './workers.ts'

const never = new AbortController().signal
const { tools } = readCatalogue()
const names = (found: Tool[], count: number) => found.slice(0, count).map(({ name }) => name)

/** Points to where the sky is spoken of, or elsewhere. */
const ofSky: Embeds = text => (/\bwet\b|weather|forecast/i.test(text) ? [0.1, 3] : [1, 0])

let wire: Awaited<ReturnType<typeof startOpenAiWire>> | undefined
afterEach(() => wire?.close())

async function open(embeds?: Embeds, log: Log = silentLog) {
  wire = await startOpenAiWire(embeds && { embeds })
  const embed = createEmbedder({ baseUrl: wire.url, apiKey: 'k', model: 'e', log: silentLog })
  const finder = createToolFinder({ embed, log })
  return { wire, find: (query: string, all = tools) => finder.find(query, all, new Map(), never) }
}

describe('with an endpoint that makes vectors', () => {
  test('a tool is found by what it means, though no word is the same', async () => {
    const { find } = await open(ofSky)
    expect(names(await find('am I wet'), 5)).toContain('weather__get_current_weather')
    expect(await createToolFinder({ log: silentLog }).find('am I wet', tools, new Map(), never)).toEqual([])
  })

  test('what is found by its words as well goes before the others', async () => {
    const { find } = await open(ofSky)
    expect(names(await find('hourly weather forecast'), 1)).toEqual(['weather__get_hourly_forecast'])
    expect(names(await find('send slack message'), 5)).toContain('slack__slack_post_message')
  })

  test('a definition is sent once, and again only when it has changed', async () => {
    const { find, wire } = await open(ofSky)
    await find('wet')
    const first = wire.embedded.flat()
    expect(first).toHaveLength(tools.length + 1)
    expect(Math.max(...wire.embedded.map(texts => texts.length))).toBeLessThanOrEqual(100)
    await find('wet again')
    const [changed, ...others] = tools as [Tool, ...Tool[]]
    await find('once more', [{ ...changed, description: 'Does another thing' }, ...others])
    expect(wire.embedded.flat().slice(first.length).toSorted()).toEqual([
      'github: Search repositories. Does another thing',
      'once more',
      'wet again',
    ])
  })

  test('searches at the same time send the definitions once', async () => {
    const { find, wire } = await open(ofSky)
    await Promise.all([find('a'), find('b'), find('c')])
    expect(wire.embedded.flat()).toHaveLength(tools.length + 3)
  })
})

describe('with vectors that do not come', () => {
  test.each<[string, Embeds | undefined]>([
    ['the endpoint knows none', undefined],
    ['it refuses', () => ({ status: 400, message: 'no' })],
    ['they are of different lengths', text => (text === 'weather forecast' ? [1] : [1, 0])],
    ['they are empty', () => []],
  ])('tools are found by their words: %s', async (_why, embeds) => {
    const { find } = await open(embeds)
    expect(names(await find('weather forecast'), 1)).toEqual(['weather__get_forecast'])
  })

  test.each([
    ['of different lengths', (text: string) => (text === 'a' ? [1] : [1, 0])],
    ['empty', () => []],
  ])('those that are %s rank nothing', async (_how, vectorOf) => {
    const vectors = createVectors({ embed: async texts => texts.map(vectorOf), log: silentLog })
    expect(await vectors.nearest('a', ['b', 'c'], never)).toBeUndefined()
  })

  test('that is logged once, and the endpoint is left alone for a while', async () => {
    const logged: string[] = []
    const log = { ...silentLog, warn: (_facts: object, event: string) => void logged.push(event) }
    const { find, wire } = await open(() => ({ status: 400, message: 'no' }), log)
    await find('weather forecast')
    const asked = wire.embedded.length
    await find('send message')
    expect(wire.embedded.length).toBe(asked)
    expect(logged).toEqual(['tools are searched by words alone: the embeddings failed'])
  })

  test('it is asked again later, and not logged again', async () => {
    const logged: string[] = []
    const log = { ...silentLog, warn: (_facts: object, event: string) => void logged.push(event) }
    let fails = true
    const embed: Embed = async texts => {
      if (fails) throw new Error('down')
      return texts.map(text => (text === 'a' ? [1, 0] : [0, 1]))
    }
    const vectors = createVectors({ embed, log, restMs: 0 })
    expect(await vectors.nearest('a', ['b', 'a'], never)).toBeUndefined()
    expect(await vectors.nearest('a', ['b', 'a'], never)).toBeUndefined()
    fails = false
    expect(await vectors.nearest('a', ['b', 'a'], never)).toEqual([1, 0])
    expect(logged).toHaveLength(1)
  })

  test('a search does not wait for a slow endpoint, and the next one has what came meanwhile', async () => {
    let arrive = () => {}
    const slow = new Promise<void>(resolve => (arrive = resolve))
    const embed: Embed = async texts => {
      await slow
      return texts.map(text => (text === 'a' ? [1, 0] : [0, 1]))
    }
    const vectors = createVectors({ embed, log: silentLog, patienceMs: 20 })
    expect(await vectors.nearest('a', ['b', 'a'], never)).toBeUndefined()
    arrive()
    await expect.poll(() => vectors.nearest('a', ['b', 'a'], never)).toEqual([1, 0])
  })

  test('a search ends when it is aborted', async () => {
    const vectors = createVectors({ embed: () => new Promise(() => {}), log: silentLog })
    const controller = new AbortController()
    const search = vectors.nearest('a', ['b'], controller.signal)
    controller.abort()
    await expect(search).rejects.toThrow()
  })
})

test('a whole house with more tools than MAX_TOOLS searches them, by the vectors of EMBEDDING_MODEL too', async () => {
  wire = await startOpenAiWire({
    embeds: text => (/\b7\b/.test(text) ? [1, 0] : [0, 1]),
    script: [
      { calls: [{ name: 'search_tools', input: { query: 'look up the thing number 7', limit: 1 } }] },
      { calls: [{ name: 'many__look_up_thing_number_7', input: { query: 'x' } }] },
      { text: 'Found it.' },
    ],
  })
  const house = await testWorkers()
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-search-'))
  const program = { command: process.execPath, args: [join(import.meta.dirname, '../bench/many-tools.ts'), 'many'] }
  writeFileSync(join(folder, 'servers.config.json'), JSON.stringify({ mcpServers: { many: program } }))
  const endpoint = { OPENAI_BASE_URL: wire.url, OPENAI_API_KEY: 'k', MODEL: 'm', EMBEDDING_MODEL: 'e', MAX_TOOLS: '30' }
  const config = loadConfig(folder, { ...endpoint, PATH: process.env['PATH'] })
  const chat = fakeChat()
  const shift = await startShift({ ...house.rooms, config, adapters: new Map([['fake', chat.adapter]]), log: silentLog })
  await house.ask(aMessage('look up 7'))
  await answered(chat, 1)
  await shift.close()
  await house.close()
  rmSync(folder, { recursive: true, force: true })
  const offered = wire.requests.map(({ body }) => body.tools?.map(tool => tool.function.name))
  expect(offered[0]).toEqual(['load_skill', 'search_tools'])
  expect(offered.slice(1)).toEqual(Array(2).fill(['load_skill', 'search_tools', 'many__look_up_thing_number_7']))
  expect(wire.requests[2]?.body.messages.at(-1)?.content).toContain('found')
  expect(wire.embedded.flat()).toHaveLength(51)
})
