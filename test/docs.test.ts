import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { createHost } from '../src/mcp/host.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/mcp-host.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'bellhop-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Each program of the page, with the heading above it and the output below. */
const examples = [...page.matchAll(/^## (.*)\n(?:(?!^## )[\s\S])*?^```ts\n([\s\S]*?)^```\n\n^```text\n([\s\S]*?)^```$/gm)].map(
  ([, heading = '', program = '', output = '']) => ({ heading, program, output }),
)

test('the page has its examples', () => {
  expect(examples).toHaveLength(page.match(/^```ts$/gm)?.length ?? 0)
  expect(examples.length).toBeGreaterThanOrEqual(5)
})

test.each(examples)('the example of "$heading" prints what the page says', async ({ heading, program, output }) => {
  const place = join(folder, heading.replaceAll(/\W+/g, '-'))
  const file = `${place}.mts`
  writeFileSync(file, program.replaceAll("'../src/", `'${pathToFileURL(root)}/src/`))
  const env = { PATH: process.env['PATH'], DB_PATH: `${place}.db` }
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: root, env })
  expect(stdout).toBe(output)
})

test('the page lists every function of the host, and no other', () => {
  const rows = [...page.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name)
  expect(rows.toSorted()).toEqual(Object.keys(createHost({ log: silentLog })).toSorted())
})
