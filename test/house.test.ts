import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { commands } from '../src/commands.ts'
import { variables } from '../src/config/variables.ts'
import { inspectHouse } from './house.ts'

const root = join(import.meta.dirname, '..')

test('the house keeps its own rules', () => {
  expect(inspectHouse(root)).toEqual([])
})

describe('a breach is named', () => {
  let copy: string
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'bellhop-house-'))
    for (const folder of ['src', 'adapters', 'servers']) cpSync(join(root, folder), join(copy, folder), { recursive: true })
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  function plant(path: string, code: string): void {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    writeFileSync(join(copy, path), code)
  }

  test('a circle, closed by types alone', () => {
    plant('src/queue/a.ts', "import type { B } from './b.ts'\nexport type A = B\n")
    plant('src/queue/b.ts', "import type { A } from './a.ts'\nexport type B = A\n")
    expect(inspectHouse(copy)).toEqual(['circle: src/queue/a.ts -> src/queue/b.ts -> src/queue/a.ts'])
  })

  test.each([
    ['src/queue/up.ts', "import { answer } from '../worker.ts'\n", 'src/queue/up.ts imports upward: src/worker.ts'],
    [
      'src/reply/tg.ts',
      "import { x } from '../../adapters/telegram/telegram.ts'\n",
      'src/reply/tg.ts may not import adapters/telegram/telegram.ts',
    ],
    ['src/reply/lazy.ts', "const x = await import('discord.js')\n", 'src/reply/lazy.ts opens a second door to discord.js'],
    ['src/agent/q.ts', "import { Queue } from 'bullmq'\n", 'src/agent/q.ts opens a second door to bullmq'],
    ['adapters/web/deep.ts', "import { x } from '../../src/worker.ts'\n", 'adapters/web/deep.ts may not import src/worker.ts'],
    ['servers/sqlite/nosy.ts', "import { x } from '../../src/log.ts'\n", 'servers/sqlite/nosy.ts may not import src/log.ts'],
    ['src/mcp/env.ts', 'export const home = process.env.HOME\n', 'src/mcp/env.ts reads process.env: only src/config may'],
    ['src/mcp/long.ts', '// line\n'.repeat(301), 'src/mcp/long.ts has 301 lines: at most 300'],
    [
      'src/mcp/tall.ts',
      `export function tall() {\n${'  work()\n'.repeat(59)}}\n`,
      'src/mcp/tall.ts:1 is a function of 61 lines: at most 60',
    ],
    ['src/mcp/sly.ts', 'export const sly = (x: any) => x\n', 'src/mcp/sly.ts escapes the type checker'],
    ['src/attic.ts', 'export const a = 1\n', 'src/attic.ts has no floor: give it one in the plan of test/house.ts'],
    ['src/mcp/utils.ts', 'export const a = 1\n', 'src/mcp/utils.ts is named for nothing in particular'],
  ])('%s', (path, code, sentence) => {
    plant(path, code)
    expect(inspectHouse(copy)).toEqual([sentence])
  })
})

describe('the papers agree with the code', () => {
  const names = Object.keys(variables)
  test.each(['README.md', 'README.zh-CN.md'])('%s lists every variable and every command, and no other', file => {
    const readme = readFileSync(join(root, file), 'utf8')
    const rows = [...readme.matchAll(/^\| `([^`]+)`/gm)].map(match => match[1] ?? '')
    expect(rows.filter(row => /^[A-Z]/.test(row))).toEqual(names)
    expect(rows.filter(row => row.startsWith('/') && !row.includes(' /')).map(row => row.slice(1).split(' ')[0])).toEqual(
      commands.map(({ name }) => name),
    )
  })

  test('.env.example lists every variable with its default', () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8')
    const lines = [...example.matchAll(/^#\s?([A-Z_]+)=(.*)$/gm)].map(match => `${match[1]}=${match[2]}`)
    expect(lines).toEqual(
      Object.entries(variables).map(([name, variable]) => `${name}=${'fallback' in variable ? variable.fallback : ''}`),
    )
  })
})
