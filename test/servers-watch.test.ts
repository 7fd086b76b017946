import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { diffServers } from '../src/config/servers/diff.ts'
import { type WatchOptions, watchServers } from '../src/config/servers/watch.ts'
import { readServers, type ServersConfig } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'

const none: ServersConfig = { servers: [], disabled: [], warnings: [] }
const listOf = (entries: object) => JSON.stringify({ mcpServers: entries })
const x = { command: 'x' }

describe('a change of the list', () => {
  let folder: string
  let file: string
  let heard: string[][]
  let logged: string[]
  let watching: { close(): void } | undefined
  let looks: number

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bellhop-watch-'))
    file = join(folder, 'servers.config.json')
    heard = []
    logged = []
    looks = 0
  })
  afterEach(() => {
    watching?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Looks by itself so rarely that only what the folder tells can be what was heard. */
  function start(before: ServersConfig, more: Partial<WatchOptions> = {}): void {
    const log = { ...silentLog, warn: (facts: object) => void logged.push(JSON.stringify(facts)) }
    const options = { folder, before, log, settleMs: 20, lookEveryMs: 600_000, env: look, ...more }
    watching = watchServers(file, ({ servers }) => void heard.push(servers.map(({ name }) => name)), options)
  }

  /** Variables are asked for by each look into a file that is there. */
  function look(): Record<string, string> {
    looks += 1
    return {}
  }

  async function lookedAgain(): Promise<void> {
    const before = looks
    await expect.poll(() => looks).toBeGreaterThan(before + 1)
  }

  /** As editors do that keep the old file until the new one is whole. */
  function replace(text: string): void {
    writeFileSync(`${file}.tmp`, text)
    renameSync(`${file}.tmp`, file)
  }

  function begin(entries: object, more?: Partial<WatchOptions>): void {
    writeFileSync(file, listOf(entries))
    start(readServers(listOf(entries), 'servers.config.json', {}, folder), more)
  }

  test('is heard, whether the file is written over or replaced', async () => {
    begin({ a: x })
    writeFileSync(file, listOf({ a: x, b: x }))
    await expect.poll(() => heard).toEqual([['a', 'b']])
    replace(listOf({ b: x }))
    await expect.poll(() => heard).toEqual([['a', 'b'], ['b']])
    replace(listOf({ c: x }))
    await expect.poll(() => heard).toEqual([['a', 'b'], ['b'], ['c']])
    expect(logged).toEqual([])
  })

  test('is heard when it happened before the watch began', async () => {
    writeFileSync(file, listOf({ a: x }))
    start(none, { lookEveryMs: 20 })
    await expect.poll(() => heard).toEqual([['a']])
  })

  test('that cannot be read changes nothing and is told once, until it can be read again', async () => {
    begin({ a: x }, { lookEveryMs: 10 })
    replace('{ "mcpServers": {')
    await expect.poll(() => logged).toEqual([expect.stringContaining('is not JSON')])
    await lookedAgain()
    expect(logged).toHaveLength(1)
    rmSync(file)
    await expect.poll(() => logged).toHaveLength(2)
    expect(logged[1]).toContain('servers.config.json is gone')
    replace(listOf({ a: x, b: x }))
    await expect.poll(() => heard).toEqual([['a', 'b']])
    replace('{ "mcpServers": {')
    await expect.poll(() => logged).toHaveLength(3)
    expect(heard).toHaveLength(1)
  })

  test('is no change when it says the same', async () => {
    begin({ a: x, b: x }, { lookEveryMs: 10 })
    replace(`// said otherwise\n${JSON.stringify({ mcpServers: { a: x, b: { args: [], ...x } } }, undefined, 4)}`)
    await lookedAgain()
    replace(listOf({ c: x }))
    await expect.poll(() => heard).toEqual([['c']])
  })

  test('is heard while something else in the folder is written all the time', async () => {
    begin({ a: x }, { settleMs: 400 })
    const noise = setInterval(() => writeFileSync(join(folder, 'noise.log'), `${Math.random()}`), 5)
    onTestFinished(() => clearInterval(noise))
    replace(listOf({ b: x }))
    await expect.poll(() => heard).toEqual([['b']])
  })

  test('is found in time where the folder tells nothing', async () => {
    file = join(folder, 'later', 'servers.config.json')
    start(none, { lookEveryMs: 20 })
    const waiting = watching
    start({ ...none, disabled: [{ name: 'a' }] }, { lookEveryMs: 20 })
    // Only what was there can be gone: the first, which began before, has looked in vain as well.
    await expect.poll(() => logged).toEqual([expect.stringContaining('servers.config.json is gone')])
    watching?.close()
    watching = waiting
    mkdirSync(join(folder, 'later'))
    replace(listOf({ a: x }))
    await expect.poll(() => heard).toEqual([['a']])
    expect(logged).toHaveLength(1)
  })

  test('may need a variable that stands in .env since then', async () => {
    writeFileSync(file, listOf({ a: x }))
    const before = readServers(listOf({ a: x }), 'servers.config.json', {}, folder)
    const log = silentLog
    watching = watchServers(file, ({ servers }) => void heard.push(servers.map(({ transport }) => JSON.stringify(transport))), {
      folder,
      before,
      log,
      settleMs: 20,
    })
    writeFileSync(join(folder, '.env'), 'BELLHOP_TEST_LATE=since-then\n')
    replace(listOf({ a: { command: '${BELLHOP_TEST_LATE}' } }))
    await expect.poll(() => heard).toEqual([[expect.stringContaining('since-then')]])
  })

  test('is not heard once the watch is closed', async () => {
    begin({ a: x }, { lookEveryMs: 20 })
    watching?.close()
    replace(listOf({ b: x }))
    const later = readServers(listOf({ a: x }), 'servers.config.json', {}, folder)
    start(later)
    replace(listOf({ c: x }))
    await expect.poll(() => heard).toEqual([['c']])
    replace(listOf({ d: x }))
    await expect.poll(() => heard).toEqual([['c'], ['d']])
  })

  test('brings a list that nobody can change', async () => {
    const lists: ServersConfig[] = []
    writeFileSync(file, listOf({ a: x }))
    watching = watchServers(file, config => void lists.push(config), { folder, before: none, log: silentLog, lookEveryMs: 20 })
    await expect.poll(() => lists).toHaveLength(1)
    expect(() => lists[0]?.servers.pop()).toThrow(TypeError)
  })
})

test('what a new list asks for is found by name', () => {
  const read = (entries: object) => readServers(listOf(entries), 'f', {}, '/')
  const before = read({ same: x, gone: x, changed: { ...x, env: { A: '1' } }, off: x })
  const after = read({ changed: { ...x, env: { A: '2' } }, came: x, same: { args: [], ...x }, off: { ...x, disabled: true } })
  const { started, stopped, restarted, unchanged } = diffServers(before, after)
  const namesOf = (list: { name: string }[]) => list.map(({ name }) => name)
  expect([started, stopped, restarted, unchanged].map(namesOf)).toEqual([['came'], ['gone', 'off'], ['changed'], ['same']])
  expect(restarted[0]?.transport).toMatchObject({ env: { A: '2' } })
})
