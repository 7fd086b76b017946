// What a run of the conformance suite came to. The suite itself counts failed checks and nothing else: a client that crashed, ended
// early, hung, or was never looked at passes there.

/** What the suite wrote down of one scenario. */
export interface Recording {
  scenario: string
  checks: Check[]
  stdout: string
  stderr: string
}

export interface Check {
  id: string
  status: string
  errorMessage?: string
}

export interface Verdict {
  scenario: string
  required: boolean
  passed: number
  failed: number
  /** Why it does not count as passed; empty when it does. */
  faults: string[]
  /** What the client had to refuse, in its own words. */
  refused?: string
}

/** In these the server does what a client has to refuse; in all others a refusal is a failure. */
const toBeRefused = new Set([
  'auth/scope-retry-limit',
  'auth/resource-mismatch',
  'auth/iss-supported-missing',
  'auth/iss-wrong-issuer',
  'auth/iss-unexpected',
  'auth/iss-normalized',
  'auth/metadata-issuer-mismatch',
  'sep-2640-client-verify-digest',
  'sep-2640-client-verify-size',
  'sep-2640-client-verify-frontmatter',
])

const closing = /^conformance client: (done|refused: (?<why>.+))$/

/** One verdict for each scenario that was to run, also for those of which nothing was written down. */
export function judge(expected: { scenario: string; required: boolean }[], recordings: Recording[]): Verdict[] {
  return expected.map(({ scenario, required }) => {
    const found = recordings.filter(recording => recording.scenario === scenario)
    const [recording] = found
    if (!recording) return { scenario, required, passed: 0, failed: 0, faults: ['it did not run'] }
    const again = found.length > 1 ? ['it was written down more than once'] : []
    return { scenario, required, ...judgeOne(recording, again) }
  })
}

/** Whether a revision is kept: all that it requires passed, and it required something. */
export function keeps(verdicts: Verdict[]): boolean {
  const required = verdicts.filter(verdict => verdict.required)
  return required.length > 0 && required.every(({ faults }) => faults.length === 0)
}

function judgeOne({ scenario, checks, stdout, stderr }: Recording, known: string[]): Omit<Verdict, 'scenario' | 'required'> {
  const count = (status: string) => checks.filter(check => check.status === status).length
  const [passed, failed, warned] = [count('SUCCESS'), count('FAILURE'), count('WARNING')]
  const faults = [...known]
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  const closed = closing.exec(last)
  const why = closed?.groups?.['why']
  if (!closed) faults.push(`the client crashed, hung or ended early: ${lastLine(stderr) || 'it said nothing'}`)
  if (why !== undefined && !toBeRefused.has(scenario)) faults.push(`the client refused: ${why}`)
  if (why === undefined && closed && mustRefuse(scenario)) faults.push('the client refused nothing')
  if (passed + failed === 0) faults.push('nothing was checked')
  if (failed > 0) faults.push(...told(checks, 'FAILURE'))
  if (warned > 0) faults.push(...told(checks, 'WARNING'))
  return { passed, failed, faults, ...(why !== undefined && { refused: why }) }
}

/** A server that wants ever more rights may also be left with one answered call. */
const mustRefuse = (scenario: string) => toBeRefused.has(scenario) && scenario !== 'auth/scope-retry-limit'

function told(checks: Check[], status: string): string[] {
  return checks.filter(check => check.status === status).map(({ id, errorMessage }) => `${id}: ${errorMessage ?? status}`)
}

function lastLine(text: string): string {
  return (
    text
      .trimEnd()
      .split('\n')
      .findLast(line => /error/i.test(line))
      ?.trim()
      .slice(0, 300) ?? ''
  )
}
