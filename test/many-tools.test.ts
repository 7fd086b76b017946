// Where there are thousands of tools: what is made of their list is made when it changes, and not in every turn.
import { afterEach, describe, expect, test } from 'vitest'
import { runAgent } from '../src/agent/agent.ts'
import { withHouseTools } from '../src/agent/house-tools.ts'
import { openLongResults } from '../src/agent/long-results.ts'
import { withPermission } from '../src/agent/permission.ts'
import { loadSkillTool } from '../src/agent/skills.ts'
import { estimatePrompt, estimateTokens } from '../src/agent/tokens.ts'
import { definitionsMayTake, openToolSearch } from '../src/agent/tool-search.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { silentLog } from '../src/log.ts'
import type { Tool } from '../src/model.ts'
import type { Rule } from '../src/permissions/rules.ts'
import type { ServerStatus, Toolbox } from '../src/toolbox.ts'
import { createToolFinder } from '../src/tools/finder.ts'
import { rankTools } from '../src/tools/rank.ts'
import { call, say, scriptedModel } from './fakes.ts'
import { catalogueToolbox, readCatalogue } from './tool-search/catalogue.ts'
import { closeAll, openHost, remote, startWeb } from './wire/mcp/start.ts'

const signal = new AbortController().signal
const { tools, servers } = readCatalogue()
const about = new Map(servers.map(({ name, instructions }) => [name, instructions]))
const finder = createToolFinder({ log: silentLog })

/** What somebody may call in one turn, by these rules. */
function permitted(toolbox: Toolbox, rules: Rule[] = [], id = 'u', conversation = 'fake:1') {
  const permits = { rules: async () => structuredClone(rules), approvals: async () => [] } as never
  const question = { conversation, author: { id, name: id }, kind: 'chat' as const }
  const audit = { add: async () => {}, last: async () => [] }
  return withPermission(toolbox, { permits, audit, admins: [], question, words: wordsFor('en', 'en'), log: silentLog })
}
const rule = (permission: Rule['permission'], target: Rule['target'], whom: Rule['whom']): Rule => {
  return { permission, target, whom, by: 'fake:admin' }
}

/** The same tools, and how often anything of one of them was looked at. */
function watched(all: Tool[]) {
  let looks = 0
  const get = (tool: Tool, key: keyof Tool) => {
    looks++
    return tool[key]
  }
  const list = all.map(tool => new Proxy(tool, { get: (of, key) => get(of, key as keyof Tool) }))
  return { list, looks: () => looks }
}

/** A turn as a worker has it, in which the model searches for a tool and calls it. */
async function turn(box: Toolbox, rules: Rule[] = []): Promise<Tool[][]> {
  const skills = loadSkillTool({ list: () => [], refresh: async () => {}, problems: () => [] }, box.list)
  const door = await permitted(withHouseTools(box, [skills]), rules)
  const long = openLongResults({ toolbox: door, texts: {} as never, conversation: 'fake:1', known: [], log: silentLog })
  const search = openToolSearch({ toolbox: long.toolbox, finder, budget: { tools: 40, tokens: definitionsMayTake } })
  const system = [...(search.about() ?? []), ...search.toolbox.servers().map(({ name }) => name)].join('\n')
  const searches = [call('search_tools', { query: 'weather forecast' }, '1')]
  const model = scriptedModel(searches, [call('weather__get_forecast', {}, '2')], [say('Sunny.')])
  for await (const _event of runAgent([], [{ role: 'user', text: '?' }], { model, ...search, system, maxSteps: 9, signal })) {
    // what comes of it stands in what the model has heard
  }
  return model.heard.map(prompt => prompt.tools)
}

describe('a turn that searches', () => {
  test.each<[string, Rule[]]>([
    ['without rules', []],
    ['with rules', [rule('deny', 'tool:slack__slack_post_message', 'everyone'), rule('deny', 'server:github', 'person:fake:u')]],
  ])('looks at the tools that it is about, and not anew at all of them, %s', async (_how, rules) => {
    const { list, looks } = watched(tools)
    const byName = new Map(tools.map((tool, at) => [tool.name, list[at]]))
    const box = { ...catalogueToolbox(), list: () => list, resolve: (name: string) => byName.get(name) }
    const first = await turn(box, rules)
    const before = looks()
    expect(before).toBeGreaterThan(tools.length)
    expect(await turn(box, rules)).toEqual(first)
    expect(looks() - before).toBeLessThan(tools.length / 2)
  })
})

describe('what is remembered of a list', () => {
  test('is not given to whom other rules are near', async () => {
    const box = catalogueToolbox()
    const rules = [
      rule('deny', 'server:github', 'person:fake:ann'),
      rule('deny', 'server:gitlab', 'here:fake:2'),
      rule('deny', 'tool:time__get_current_time', 'everyone'),
      rule('allow', 'tool:time__get_current_time', 'person:fake:bob'),
    ]
    const seen = async (id: string, conversation: string, by = rules) => {
      const door = await permitted(box, by, id, conversation)
      const found = new Set(door.list().flatMap(({ server, name }) => [server, name]))
      const offered = new Set(door.servers().map(({ name }) => name))
      expect(['github', 'gitlab'].filter(name => offered.has(name))).toEqual(['github', 'gitlab'].filter(name => found.has(name)))
      return ['github', 'gitlab', 'time__get_current_time'].filter(name => found.has(name))
    }
    const look = async () => [
      await seen('ann', 'fake:1'),
      await seen('bob', 'fake:1'),
      await seen('ann', 'fake:2'),
      await seen('cy', 'fake:2:7'),
    ]
    const expected = [['gitlab'], ['github', 'gitlab', 'time__get_current_time'], [], ['github']]
    expect(await look()).toEqual(expected)
    expect(await look()).toEqual(expected)
    expect(await seen('ann', 'fake:1', rules.slice(1))).toEqual(['github', 'gitlab'])
    expect(await seen('ann', 'fake:1', [])).toEqual(['github', 'gitlab', 'time__get_current_time'])
  })

  test('is of the nearest rule, in whatever order rules were made', async () => {
    const wanted = 'tool:time__get_current_time'
    const rules = [
      rule('deny', wanted, 'person:fake:ann'),
      rule('deny', wanted, 'here:fake:3'),
      rule('allow', wanted, 'here:fake:1'),
      rule('allow', wanted, 'person:fake:dan'),
    ]
    const box = catalogueToolbox()
    const sees = async (id: string, conversation: string) =>
      (await permitted(box, rules, id, conversation)).list().some(({ name }) => name === 'time__get_current_time')
    expect([await sees('ann', 'fake:1'), await sees('dan', 'fake:3'), await sees('ann', 'fake:1')]).toEqual([false, true, false])
  })

  test('ends with an admin who decides otherwise', async () => {
    const box = catalogueToolbox()
    const sees = async (permission: Rule['permission']) => {
      const rules = [rule('deny', 'server:github', 'everyone'), rule('deny', 'server:gitlab', 'everyone')]
      const later = rule(permission, 'tool:time__get_current_time', 'everyone')
      const list = (await permitted(box, [...rules, later])).list()
      return list.some(({ name }) => name === 'time__get_current_time')
    }
    expect([await sees('allow'), await sees('deny'), await sees('ask')]).toEqual([true, false, true])
  })

  test('of a prompt is its own size, however many others there are', () => {
    const sizeOf = (system: string) => estimatePrompt({ system, transcript: [], tools: [] })
    const systems = Array.from({ length: 200 }, (_, at) => 'word '.repeat(at))
    for (const system of [...systems, ...systems.toReversed()]) expect(sizeOf(system)).toBe(estimateTokens(system))
  })

  test('is not taken for what another list holds, or for what a server says of itself now', () => {
    const best = (query: string, all = tools, of = about) => rankTools(query, all, of)[0]?.name
    expect(best('xylophone')).toBeUndefined()
    const [first, ...others] = tools as [Tool, ...Tool[]]
    expect(best('xylophone', [{ ...first, description: 'Tunes a xylophone' }, ...others])).toBe(first.name)
    expect(best('xylophone', tools, new Map([...about, ['weather', 'For xylophones']]))).toMatch(/^weather__/)
    expect(best('xylophone')).toBeUndefined()
  })

  test('has the first of many tools that fit alike', () => {
    const [one] = tools as [Tool, ...Tool[]]
    const alike = Array.from({ length: 200 }, (_, at) => ({ ...one, name: `a__b${at}`, server: 'a', description: 'A xylophone' }))
    const found = rankTools('xylophone', alike, new Map()).map(({ name }) => name)
    expect(found.slice(0, 20)).toEqual(alike.slice(0, 20).map(({ name }) => name))
  })

  test('of a server is told as it is now', () => {
    const say = (instructions: string, state: ServerStatus['state'] = 'active') => {
      const box = { ...catalogueToolbox(), servers: () => [{ name: 'weather', state, tools: 7, instructions }] }
      return openToolSearch({ toolbox: box, finder, budget: { tools: 40, tokens: 1 } })
        .about()
        ?.join()
    }
    expect(say('Of  rain.')).toContain('- weather (7 tools): "Of rain."')
    expect(say('Of snow.', 'degraded')).toContain('- weather (7 tools; many of its calls fail now): "Of snow."')
  })
})

describe('the list of a host', () => {
  afterEach(closeAll)

  test('is the same until tools come or go, whatever becomes of other servers', async () => {
    const web = await startWeb('http')
    const host = openHost()
    await host.start([remote(web.url, 'http')])
    const list = () => host.toolboxFor([]).list()
    const before = list()
    expect(before.length).toBeGreaterThan(0)
    await host.register(remote('http://127.0.0.1:9/mcp', 'http', {}, { name: 'away', connectMs: 500 }))
    expect(host.toolboxFor([]).servers()).toHaveLength(2)
    await host.unregister('away')
    expect(list()).toBe(before)
    await host.register(remote(web.url, 'http', {}, { name: 'more' }))
    expect(list().slice(0, before.length)).toEqual(before)
    expect(list().filter((tool, at) => tool === before[at])).toHaveLength(before.length)
    expect(list()).toHaveLength(2 * before.length)
    await host.unregister('web')
    expect(list().map(({ server }) => server)).not.toContain('web')
  })
})
