// `npm run conformance`: runs the official suite of the protocol against our host, and writes docs/mcp-conformance.md.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLog } from '../../src/log.ts'
import { openRedis } from '../../src/redis/redis.ts'
import { type Check, judge, keeps, type Recording, type Verdict } from './gate.ts'
import { writePage } from './page.ts'

const root = join(import.meta.dirname, '../..')
const suite = dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/package.json')))
const program = join(suite, 'dist/index.js')
/** The suite starts all clients of a run at once, and the time in which they wait for their turn counts. */
const timeoutMs = 600_000

/** One run of the suite: all that a revision requires, or all that there is. */
export interface Run {
  name: string
  verdicts: Verdict[]
}

const revisions = ['2025-11-25', '2026-07-28']

async function main(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-conformance-'))
  const house = await openRedis({ root, dir, path: process.env['PATH'] ?? '', log: silentLog })
  try {
    const runs: Run[] = []
    for (const revision of revisions)
      runs.push(await runOne(dir, revision, ['--requirements', revision], await requiredBy(revision)))
    const everything = (await list(['--client'])).map(scenario => ({ scenario, required: false }))
    runs.push(await runOne(dir, 'all', ['--suite', 'all'], everything))
    for (const run of runs) report(run)
    const { version } = JSON.parse(readFileSync(join(suite, 'package.json'), 'utf8')) as { version: string }
    writeFileSync(join(root, 'docs/mcp-conformance.md'), writePage(runs, version))
    return runs.filter(({ name }) => revisions.includes(name)).every(({ verdicts }) => keeps(verdicts))
  } finally {
    await house.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function runOne(dir: string, name: string, which: string[], expected: Parameters<typeof judge>[0]): Promise<Run> {
  const out = join(dir, name)
  const command = `${process.execPath} ${relative(root, join(import.meta.dirname, 'client.ts'))}`
  await suiteSays(['client', '--command', command, ...which, '-o', out, '--timeout', String(timeoutMs)], dir)
  return { name, verdicts: judge(expected, readRecordings(out)) }
}

/** What it prints. Its exit code is not minded: it knows of failed checks alone. */
function suiteSays(args: string[], dir = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const env = { ...process.env, CONFORMANCE_DIR: dir }
  const child = spawn(process.execPath, [program, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] })
  let said = ''
  child.stdout.on('data', piece => (said += piece))
  child.on('error', reject)
  child.on('close', () => resolve(said))
  return promise
}

/** The names that a list of the suite has under its heading of clients. */
async function list(which: string[]): Promise<string[]> {
  const [, clients = ''] = (await suiteSays(['list', ...which])).split(/^Client scenarios.*$/m)
  return [...clients.matchAll(/^\s+- (\S+)/gm)].map(([, name = '']) => name)
}

/** Those that count come first there, under a heading of their own; what only runs along is told as such. */
async function requiredBy(revision: string): Promise<{ scenario: string; required: boolean }[]> {
  const said = await suiteSays(['list', '--requirements', revision])
  const [scored = '', unscored = ''] = said.split(/^Run and reported, but never scored:$/m)
  const [, clients = ''] = scored.split(/^Client scenarios.*$/m)
  return [
    ...[...clients.matchAll(/^\s+- (\S+)/gm)].map(([, scenario = '']) => ({ scenario, required: true })),
    ...[...unscored.matchAll(/^\s+- (\S+) \[client\]/gm)].map(([, scenario = '']) => ({ scenario, required: false })),
  ]
}

/** A folder for each scenario, called after it and the time. */
function readRecordings(out: string): Recording[] {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter(file => basename(file) === 'checks.json')
  return files.map(file => {
    const read = (name: string) => readFileSync(join(out, dirname(file), name), 'utf8')
    return {
      scenario: dirname(file).replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, ''),
      checks: JSON.parse(read('checks.json')) as Check[],
      stdout: read('stdout.txt'),
      stderr: read('stderr.txt'),
    }
  })
}

function report({ name, verdicts }: Run): void {
  for (const { scenario, faults } of verdicts) for (const fault of faults) console.log(`✗ ${name} ${scenario}: ${fault}`)
  const good = (some: Verdict[]) => `${some.filter(({ faults }) => faults.length === 0).length}/${some.length}`
  const [required, others] = [verdicts.filter(one => one.required), verdicts.filter(one => !one.required)]
  const checks = verdicts.reduce((sum, { passed }) => sum + passed, 0)
  console.log(`${name}: required ${good(required)}, others ${good(others)}, ${checks} checks passed`)
}

process.exitCode = (await main()) ? 0 : 1
