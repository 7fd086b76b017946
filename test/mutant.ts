import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// A copy of the tree in which some code is another, and what its tests say to that.

const root = join(import.meta.dirname, '..')

export interface Change {
  file: string
  from: string
  to: string
}

/** The file as it would be. Throws unless what is to be replaced stands there exactly once, lest a change of the code takes away nothing. */
export function changed(root: string, { file, from, to }: Change): string {
  const pieces = readFileSync(join(root, file), 'utf8').split(from)
  if (pieces.length !== 2) throw new Error(`${file} holds this ${pieces.length - 1} times, which must be once: ${from}`)
  return pieces.join(to)
}

/** Works in a copy of what git knows, or would, that is gone afterwards. */
export function inCopy<T>(changes: Change[], work: (copy: string) => T): T {
  const copy = mkdtempSync(join(tmpdir(), 'bellhop-mutation-'))
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    })
    const linked = ['node_modules', '.runtime']
    for (const file of listed.split('\0').filter(name => name && !linked.includes(name) && existsSync(join(root, name))))
      cpSync(join(root, file), join(copy, file), { recursive: true })
    for (const folder of linked.filter(name => existsSync(join(root, name))))
      symlinkSync(realpathSync(join(root, folder)), join(copy, folder))
    for (const change of changes) writeFileSync(join(copy, change.file), changed(copy, change))
    return work(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Works while one more file of the copy is another; a copy for each change would take as long as its tests. */
export function whileChanged<T>(copy: string, change: Change, work: () => T): T {
  const path = join(copy, change.file)
  const before = readFileSync(path)
  writeFileSync(path, changed(copy, change))
  try {
    return work()
  } finally {
    writeFileSync(path, before)
  }
}

export interface FileResult {
  file: string
  /** False where it does not even load. */
  runs: boolean
  /** `name` has the headings that it stands under before its title. */
  tests: { title: string; name: string; status: string }[]
}

/** Runs these test files of the copy; what fails has failed twice. `more` are further arguments of vitest. */
export function runTests(copy: string, files: string[], more: string[] = []): FileResult[] {
  const results = join(copy, 'results.json')
  rmSync(results, { force: true })
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...files, ...more]
  const reporting = ['--retry=1', '--reporter=json', `--outputFile=${results}`]
  const { stderr } = spawnSync(process.execPath, [...args, ...reporting], { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (!existsSync(results)) throw new Error(`vitest gave no results:\n${stderr}`)
  const { testResults } = JSON.parse(readFileSync(results, 'utf8')) as Results
  if (testResults.length < files.length) throw new Error(`not all of ${files} were found`)
  return testResults.map(({ name, status, assertionResults }) => ({
    file: name.slice(copy.length + 1),
    runs: status !== 'failed' || assertionResults.some(one => one.status === 'failed'),
    tests: assertionResults.map(one => ({ title: one.title, name: one.fullName, status: one.status })),
  }))
}

interface Results {
  testResults: { name: string; status: string; assertionResults: { title: string; fullName: string; status: string }[] }[]
}
