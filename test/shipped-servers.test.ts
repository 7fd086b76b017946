// What an operator finds: servers.config.json with its commented examples, and servers/README.md.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readServers, type ServersConfig } from '../src/config/servers.ts'

const root = join(import.meta.dirname, '..')
const shipped = readFileSync(join(root, 'servers.config.json'), 'utf8')
const read = (text: string, env = {}) => readServers(text, 'servers.config.json', env, root)
const names = ({ servers }: ServersConfig) => servers.map(({ name }) => name)
const own = ['sqlite', 'video', 'workbench', 'twitter']

test('servers.config.json has the four servers; without its key twitter is off and says why', () => {
  const found = read(shipped)
  expect([names(found), found.warnings]).toEqual([['sqlite', 'video', 'workbench'], []])
  expect(found.disabled).toEqual([{ name: 'twitter', error: expect.stringContaining('RAPIDAPI_KEY') }])
  expect(names(read(shipped, { RAPIDAPI_KEY: 'key' }))).toEqual(own)
})

test('each of its commented examples works once its // is taken away', () => {
  const opened = shipped.replace(/^( *)\/\/ (?=")/gm, '$1')
  const env = { RAPIDAPI_KEY: 'a', TAVILY_API_KEY: 'b', BRAVE_API_KEY: 'c', SEARXNG_URL: 'http://d', EVENTS_TOKEN: 'e' }
  const found = read(opened, env)
  expect([found.disabled, found.warnings]).toEqual([[], []])
  expect(names(found)).toEqual(['filesystem', 'memory', 'tavily', 'brave', 'searxng', 'events', ...own])
  expect(found.servers.find(({ name }) => name === 'events')?.transport).toMatchObject({ kind: 'sse' })
})

describe('servers/README.md', () => {
  const page = readFileSync(join(root, 'servers/README.md'), 'utf8')
  const sections = Object.fromEntries(page.split(/^## /m).map(part => [part.slice(0, part.indexOf('\n')), part]))

  test.each(own)('tells of %s what its --help tells: how to start it, its variables, its tools', name => {
    const section = sections[name] ?? ''
    const help = execFileSync(process.execPath, [join(root, `servers/${name}/${name}.ts`), '--help'], { encoding: 'utf8' })
    const [before = '', tools = ''] = help.split(/^Tools/m)
    const variables = [...before.matchAll(/^ {2}([A-Z_]{5,})\s/gm)].map(([, variable]) => variable)
    const rows = [...section.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, variable]) => variable)
    expect(rows).toEqual(variables)
    expect(section).toContain(`node servers/${name}/${name}.ts`)
    for (const [tool] of tools.matchAll(/\b[a-z]+_[a-z_]+\b/g)) expect(section).toContain(`\`${tool}`)
  })

  test('its example for other clients is one that can be read', () => {
    const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
    expect(names(read(json))).toEqual(own)
  })
})
