import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changed } from '../mutant.ts'
import { scenarios } from './scenario.ts'

/** Something that the house does for scenarios of a category, and how it is taken away. */
interface Mutation {
  category: string
  what: string
  file: string
  from: string
  to: string
}

const mutations: Mutation[] = [
  {
    category: 'tool-choice',
    what: 'tools are defined to the model',
    file: 'src/models/request.ts',
    from: 'if (prompt.tools.length > 0) request.tools =',
    to: 'if (prompt.tools.length > 99) request.tools =',
  },
  {
    category: 'arguments',
    what: 'broken arguments are mended',
    file: 'src/models/arguments.ts',
    from: 'parseObject(text) ?? (whole',
    to: 'parseObject(text) ?? (!text',
  },
  {
    category: 'chaining',
    what: 'results are told to the model',
    file: 'src/agent/agent.ts',
    from: `if (event.type === 'entry') said.push(event.entry)`,
    to: `if (event.type === 'entry') said.push({ ...event.entry, text: '' })`,
  },
  {
    category: 'sources',
    what: 'the footer names what gave nothing',
    file: 'src/reply/card.ts',
    from: `if (!outcome || outcome.state === 'ok') return undefined`,
    to: `if (!outcome || outcome.state) return undefined`,
  },
  {
    category: 'sources',
    what: 'a 403 is told from other failures',
    file: 'src/agent/sources.ts',
    from: `status === 451) return 'not-permitted'`,
    to: `status === 451) return 'failed'`,
  },
  {
    category: 'sources',
    what: 'the model reads how each went',
    file: 'src/models/request.ts',
    from: 'if (remark === undefined) return text',
    to: 'if (remark) return text',
  },
  {
    category: 'refusals',
    what: 'circles are stopped',
    file: 'src/agent/limits.ts',
    from: 'const sameCalls = 2',
    to: 'const sameCalls = 99',
  },
  {
    category: 'refusals',
    what: 'a turn has a last step',
    file: 'src/agent/agent.ts',
    from: 'const isLast = ++spoken === maxSteps',
    to: 'const isLast = ++spoken === 99',
  },
  {
    category: 'injections',
    what: 'nothing in a result closes its fence',
    file: 'src/fence.ts',
    from: 'longest + 1',
    to: '3',
  },
  {
    category: 'injections',
    what: 'what is not to be seen is taken out',
    file: 'src/mcp/clean.ts',
    from: '.replace(unseen, char',
    to: '.replace(/\\0/g, char',
  },
  {
    category: 'injections',
    what: "a tool's own words cannot end the house's line",
    file: 'src/agent/sources.ts',
    from: 'const told = outcome.said === undefined ? why : `"${defused(why)}"`',
    to: 'const told = why',
  },
  {
    category: 'long-results',
    what: 'what is too long is cut, and can be read on',
    file: 'src/agent/long-results.ts',
    from: 'if (result.more !== undefined || size <= allowed)',
    to: 'if (result.more !== undefined || size)',
  },
  {
    category: 'many-tools',
    what: 'many tools are searched, not defined',
    file: 'src/agent/tool-search.ts',
    from: 'if (tools.length > budget.tools) return true',
    to: 'if (tools.length) return false',
  },
  {
    category: 'skills',
    what: 'a keyword brings the whole skill',
    file: 'src/agent/skills.ts',
    from: 'const mostAtOnce = 3',
    to: 'const mostAtOnce = 0',
  },
]

const root = join(import.meta.dirname, '../..')

/** Plays the scenarios of each category, or of one, in a copy of the house without what they are about. Returns the exit code: 1 if all stays well. */
export function runMutations(only: string | undefined): number {
  const chosen = mutations.filter(({ category }) => only === undefined || category === only)
  const bare = [...new Set(scenarios().map(({ category }) => category))].filter(
    one => !mutations.some(({ category }) => category === one),
  )
  for (const category of bare) console.log(`${category}: nothing is taken away for it`)
  const survivors = chosen.filter(mutation => {
    const { category, what } = mutation
    const { status, missed, score } = playWithout(mutation)
    console.log(`${status === 0 ? 'SURVIVED' : 'red     '}  ${category.padEnd(14)}${score.padEnd(16)} ${what}\n    ${missed}`)
    return status === 0
  })
  return survivors.length + bare.length === 0 ? 0 : 1
}

function playWithout(mutation: Mutation): { status: number; score: string; missed: string } {
  const copy = mkdtempSync(join(tmpdir(), 'bellhop-eval-'))
  try {
    for (const part of ['src', 'adapters', 'test', 'skills', 'package.json'])
      cpSync(join(root, part), join(copy, part), { recursive: true })
    for (const link of ['node_modules', '.runtime']) symlinkSync(realpathSync(join(root, link)), join(copy, link))
    writeFileSync(join(copy, mutation.file), changed(copy, mutation))
    const { status, stdout, stderr } = spawnSync(process.execPath, ['test/eval/eval.ts', '--category', mutation.category], {
      cwd: copy,
      encoding: 'utf8',
    })
    const score = new RegExp(`^${mutation.category} +(\\d+ / \\d+ +\\d+ %)`, 'm').exec(stdout)?.[1]
    if (score === undefined) throw new Error(`without “${mutation.what}” nothing could be played:\n${stdout}${stderr}`)
    return { status: status ?? 1, score, missed: /\n- (.*\n.*)/.exec(stdout)?.[1]?.slice(0, 240).replace('\n', ' ') ?? '' }
  } finally {
    rmSync(copy, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
