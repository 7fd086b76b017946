import type { Finding } from '../adapter.ts'
import { variables } from '../config/variables.ts'
import type { Redact } from '../redact.ts'

const marks: Record<Finding['state'], string> = { good: '✅', doubtful: '⚠️', broken: '❌' }

/** A line each, and one that counts them. */
export function renderReport(findings: Finding[], redact: Redact): string {
  const count = (state: Finding['state']) => findings.filter(finding => finding.state === state).length
  const sum = isWell(findings)
    ? `Nothing is broken${count('doubtful') > 0 ? `; ${count('doubtful')} to think about` : ''}.`
    : `${count('broken')} broken, ${count('doubtful')} to think about.`
  return redact([...findings.map(renderFinding), sum].join('\n'))
}

/** One line, whatever was said by whom it tells of. */
export function renderFinding({ state, about, found, fix }: Finding): string {
  return `${marks[state]} ${about}: ${found}${fix === undefined ? '' : ` → ${fix}`}`.replace(/\s+/g, ' ').trim()
}

/** For programs: `{ ok, findings: [{ state, about, found, fix? }] }`. */
export function renderJson(findings: Finding[], redact: Redact): string {
  return redact(JSON.stringify({ ok: isWell(findings), findings }, undefined, 2))
}

export const isWell = (findings: Finding[]) => findings.every(({ state }) => state !== 'broken')

/** A sentence of a ConfigError, which says what is wrong, and as a rule what to do after a colon. */
export function broken(about: string, sentence: string): Finding {
  const [, found, fix] = /^(.*?): ((?:it must|set|check|run|leave|stop|take|put) .*)$/s.exec(sentence) ?? []
  return { state: 'broken', about, found: found ?? sentence, ...(fix !== undefined && { fix }) }
}

/** Whether one of these sentences is about this variable or file: then its default stands in the configuration, which nobody has asked for. */
export function isUnreadable(problems: string[], name: string): boolean {
  const { aliases = [] }: { aliases?: string[] } = Object.entries(variables).find(([known]) => known === name)?.[1] ?? {}
  return problems.some(problem => [name, ...aliases].some(said => problem.startsWith(`${said} `)))
}
