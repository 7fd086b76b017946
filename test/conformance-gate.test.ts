import { expect, test } from 'vitest'
import { judge, keeps, type Recording } from './conformance/gate.ts'

const good: Recording = {
  scenario: 'tools_call',
  checks: [{ id: 'tool-called', status: 'SUCCESS' }],
  stdout: 'conformance client: done\n',
  stderr: '',
}
const verdictOf = (over: Partial<Recording>) => {
  const recording = { ...good, ...over }
  return judge([{ scenario: recording.scenario, required: true }], [recording])[0]
}

test('a scenario whose checks pass and whose client came to its end passes', () => {
  expect(verdictOf({})).toEqual({ scenario: 'tools_call', required: true, passed: 1, failed: 0, faults: [] })
})

test('what is only told is neither passed nor failed', () => {
  const checks = [...good.checks, { id: 'request', status: 'INFO' }, { id: 'later', status: 'SKIPPED' }]
  expect(verdictOf({ checks })).toMatchObject({ passed: 1, failed: 0, faults: [] })
})

test.each([
  [
    'crashed',
    { stdout: '', stderr: 'at x.ts:1\nTypeError: fetch failed\n' },
    'the client crashed, hung or ended early: TypeError: fetch failed',
  ],
  ['hung', { stdout: '' }, 'the client crashed, hung or ended early: it said nothing'],
  ['spoke after its end', { stdout: 'conformance client: done\nand more\n' }, 'the client crashed'],
  ['was looked at by nobody', { checks: [] }, 'nothing was checked'],
  ['was only told of', { checks: [{ id: 'request', status: 'INFO' }] }, 'nothing was checked'],
  ['failed a check', { checks: [...good.checks, { id: 'late', status: 'FAILURE', errorMessage: 'too late' }] }, 'late: too late'],
  ['was warned', { checks: [...good.checks, { id: 'odd', status: 'WARNING' }] }, 'odd: WARNING'],
  ['refused what is fine', { stdout: 'conformance client: refused: no\n' }, 'the client refused: no'],
])('a client that %s fails', (_, over, why) => {
  expect(verdictOf(over)?.faults).toEqual([expect.stringContaining(why)])
})

test('a scenario that did not run, or ran twice, fails', () => {
  const expected = [{ scenario: 'tools_call', required: true }]
  expect(judge(expected, [])[0]?.faults).toEqual(['it did not run'])
  expect(judge(expected, [good, good])[0]?.faults).toEqual(['it was written down more than once'])
})

test('a revision is kept when all that it requires passed, and when that is something', () => {
  const passed = verdictOf({})
  const failed = verdictOf({ stdout: '' })
  if (!passed || !failed) throw new Error('no verdict')
  expect(keeps([passed, { ...failed, required: false }])).toBe(true)
  expect(keeps([passed, failed])).toBe(false)
  expect(keeps([{ ...passed, required: false }])).toBe(false)
  expect(keeps([])).toBe(false)
})

test('what has to be refused must be', () => {
  const scenario = 'auth/iss-wrong-issuer'
  expect(verdictOf({ scenario })?.faults).toEqual(['the client refused nothing'])
  const refused = verdictOf({ scenario, stdout: 'conformance client: refused: Issuer mismatch\n' })
  expect(refused).toMatchObject({ faults: [], refused: 'Issuer mismatch' })
})
