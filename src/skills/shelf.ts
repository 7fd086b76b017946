import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import { plain, readKeyword } from './keywords.ts'
import { readSkill, type Skill } from './skill.ts'

/** The skills of the house, as they were when the folders were last looked through. */
export interface Skills {
  /** By name, in a stable order. */
  list(): Skill[]
  /** Looks through the folders again, unless that was done a moment ago. Never throws: what is wrong with a skill stands in `problems`. */
  refresh(): Promise<void>
  /** One sentence for each skill that cannot be used. */
  problems(): string[]
}

export interface ShelfOptions {
  /** Each holds a folder a skill; of two of the same name that of the later one counts. */
  folders: string[]
  log: Log
}

/** So seldom that a busy house does not look at its files for every message. */
const lookEveryMs = 1000
/** Far more than instructions have; the model reads all of it. */
const mostBytes = 100_000

interface Kept {
  mark: string
  skill?: Skill
  problem?: string
}

export function createSkills({ folders, log }: ShelfOptions): Skills {
  let kept = new Map<string, Kept>()
  let skills: Skill[] = []
  let problems: string[] = []
  let looked = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    const files = (await Promise.all(folders.map(filesIn))).flat()
    const found = await Promise.all(files.map(async file => [file.path, await take(file)] as const))
    const told = problems
    kept = new Map(found)
    const byName = new Map(found.flatMap(([, { skill }]) => (skill ? [[skill.name, skill] as const] : [])))
    skills = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    problems = found.flatMap(([, { problem }]) => problem ?? [])
    for (const problem of problems) if (!told.includes(problem)) log.warn({ problem }, 'a skill cannot be used')
  }
  /** What was read before, unless the file is another now. */
  async function take({ path, name }: SkillFile): Promise<Kept> {
    try {
      const { mtimeMs, size } = await stat(path)
      const mark = `${mtimeMs} ${size}`
      const known = kept.get(path)
      if (known?.mark === mark) return known
      return size > mostBytes
        ? { mark, problem: `The skill ${path} has ${size} bytes: at most ${mostBytes}.` }
        : { mark, ...readOne(await readFile(path, 'utf8'), path, name) }
    } catch (error) {
      return { mark: '', problem: `The skill ${path} cannot be read: ${reason(error)}.` }
    }
  }

  return {
    list: () => skills,
    problems: () => problems,
    async refresh() {
      if (performance.now() - looked < lookEveryMs) return
      looked = performance.now()
      await look()
    },
  }
}

interface SkillFile {
  path: string
  name: string
}

/** A folder that is not there holds no skills. */
async function filesIn(folder: string): Promise<SkillFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => ({ path: join(folder, name, 'SKILL.md'), name }))
}

function readOne(text: string, path: string, name: string): Pick<Kept, 'skill' | 'problem'> {
  try {
    return { skill: readSkill(text, name) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problem: `The skill ${path} cannot be used: ${error.problems.join('; ')}.` }
  }
}

/** Those that a keyword of theirs asks for, the one with the most such keywords first. */
export function skillsFor(text: string, skills: Skill[]): Skill[] {
  const message = plain(text)
  const count = ({ keywords }: Skill) => keywords.filter(keyword => readKeyword(keyword)(message)).length
  const counted = skills.map(skill => ({ skill, said: count(skill) })).filter(({ said }) => said > 0)
  return counted.sort((a, b) => b.said - a.said).map(({ skill }) => skill)
}
