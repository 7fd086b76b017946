import type { Dirent } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { extname, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'

const source = z.object({ path: z.string(), lines: z.number(), bytes: z.number(), complexity: z.number() })

export const survey = z.object({
  files: z.number(),
  lines: z.number(),
  bytes: z.number(),
  languages: z.array(
    z.object({ language: z.string(), files: z.number(), lines: z.number(), bytes: z.number(), complexity: z.number() }),
  ),
  longest: z.array(source).describe('The files with the most lines'),
  most_complex: z.array(source).describe('The files with the most branches (if, for, case, && and the like)'),
  more: z.boolean().describe('Whether there are files that were not looked at'),
})

type Source = z.infer<typeof source> & { language: string }

const mostFiles = 5000
const mostFileBytes = 2_000_000
const skipped = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  'dist',
  'build',
  'target',
  'vendor',
  '.venv',
  '__pycache__',
  '.runtime',
])
const languages: Record<string, string> = Object.fromEntries(
  Object.entries({
    TypeScript: 'ts tsx mts cts',
    JavaScript: 'js jsx mjs cjs',
    Python: 'py pyi',
    Go: 'go',
    Rust: 'rs',
    Java: 'java',
    Kotlin: 'kt kts',
    Swift: 'swift',
    C: 'c h',
    'C++': 'cc cpp cxx hpp hh',
    'C#': 'cs',
    Ruby: 'rb',
    PHP: 'php',
    Shell: 'sh bash zsh',
    SQL: 'sql',
    HTML: 'html htm vue svelte',
    CSS: 'css scss less',
    JSON: 'json jsonc',
    YAML: 'yml yaml',
    TOML: 'toml',
    Markdown: 'md mdx',
  }).flatMap(([language, endings]) => endings.split(' ').map(ending => [`.${ending}`, language])),
)
const unbranched = new Set(['JSON', 'YAML', 'TOML', 'Markdown', 'HTML', 'CSS'])

/** Looks at a folder within `root`. Links are not followed. Throws when it leads out of `root`. */
export async function surveyCode(root: string, path: string, signal: AbortSignal): Promise<z.infer<typeof survey>> {
  const folder = await realpath(resolve(root, path)).catch(() => undefined)
  if (folder === undefined || (folder !== root && !folder.startsWith(root + sep)) || !(await stat(folder)).isDirectory())
    throw new Error(`there is no folder "${path.slice(0, 100)}" in the workbench`)
  const sources: Source[] = []
  let more = false
  for await (const file of walk(folder)) {
    signal.throwIfAborted()
    if (sources.length === mostFiles) {
      more = true
      break
    }
    const one = await readSource(file, relative(folder, file))
    if (one) sources.push(one)
  }
  const total = sum(sources)
  return {
    ...total,
    languages: byLanguage(sources),
    longest: top(sources, 'lines'),
    most_complex: top(sources, 'complexity').filter(({ complexity }) => complexity > 0),
    more,
  }
}

async function* walk(folder: string): AsyncGenerator<string> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !skipped.has(entry.name)) yield* walk(path)
    else if (entry.isFile()) yield path
  }
}

async function readSource(file: string, path: string): Promise<Source | undefined> {
  const language = languages[extname(file).toLowerCase()]
  if (language === undefined) return undefined
  const { size } = await stat(file)
  if (size > mostFileBytes) return { path, language, bytes: size, lines: 0, complexity: 0 }
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return { path, language, bytes: size, lines, complexity: unbranched.has(language) ? 0 : branches(text) }
}

/** A count of words, not of a syntax tree: enough to tell where to look first. */
function branches(text: string): number {
  const code = text.replace(/\/\*[\s\S]*?\*\/|(^|\s)(\/\/|#)[^\n]*/g, ' ')
  return code.match(/\b(if|elif|for|foreach|while|case|catch|except|match|when|and|or)\b|&&|\|\||\?\?|\s\?\s/g)?.length ?? 0
}

function byLanguage(sources: Source[]) {
  const groups = Object.entries(Object.groupBy(sources, ({ language }) => language))
  return groups
    .map(([language, group = []]) => ({
      language,
      ...sum(group),
      complexity: group.reduce((n, { complexity }) => n + complexity, 0),
    }))
    .toSorted((a, b) => b.lines - a.lines)
}

function sum(sources: Source[]) {
  return {
    files: sources.length,
    lines: sources.reduce((n, { lines }) => n + lines, 0),
    bytes: sources.reduce((n, { bytes }) => n + bytes, 0),
  }
}

function top(sources: Source[], by: 'lines' | 'complexity') {
  const best = sources.toSorted((a, b) => b[by] - a[by]).slice(0, 10)
  return best.map(({ path, lines, bytes, complexity }) => ({ path, lines, bytes, complexity }))
}
