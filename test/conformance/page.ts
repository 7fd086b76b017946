import type { Verdict } from './gate.ts'

/** The text of docs/mcp-conformance.md: one row a scenario, one column a run. */
export function writePage(runs: { name: string; verdicts: Verdict[] }[], version: string): string {
  const scenarios = [...new Set(runs.flatMap(({ verdicts }) => verdicts.map(({ scenario }) => scenario)))]
  const of = (scenario: string) => runs.map(({ verdicts }) => verdicts.find(one => one.scenario === scenario))
  const rows = scenarios.map(scenario => `| ${scenario} | ${of(scenario).map(cell).join(' | ')} | ${note(of(scenario))} |`)
  return `# What the protocol's own suite says of our host

Written by \`npm run conformance\`, which runs \`@modelcontextprotocol/conformance\` ${version} against \`src/mcp/host.ts\`: by
\`--requirements\` of both revisions, and by \`--suite all\`. A cell has the checks that passed and failed; **bold** is required by the
revision. Beside the suite's own checks a scenario fails here when the client crashed, hung, did not end by its closing line, refused
what it should not, or was not checked at all.

${totals(runs)}

| Scenario | ${runs.map(({ name }) => name).join(' | ')} | Note |
| --- | ${runs.map(() => '---').join(' | ')} | --- |
${rows.join('\n')}
`
}

function totals(runs: { name: string; verdicts: Verdict[] }[]): string {
  return runs
    .map(({ name, verdicts }) => {
      const good = (required: boolean) => {
        const some = verdicts.filter(one => one.required === required)
        return `${some.filter(({ faults }) => faults.length === 0).length} of ${some.length}`
      }
      return verdicts.some(({ required }) => required)
        ? `- ${name}: ${good(true)} required, and ${good(false)} others`
        : `- ${name}: ${good(false)}`
    })
    .join('\n')
}

function cell(verdict: Verdict | undefined): string {
  if (!verdict) return ''
  const { required, passed, failed, faults } = verdict
  const text = `${faults.length === 0 ? '✓' : '✗'} ${passed}/${failed}`
  return required ? `**${text}**` : text
}

function note(verdicts: (Verdict | undefined)[]): string {
  const faults = [...new Set(verdicts.flatMap(verdict => verdict?.faults ?? []))]
  const refused = verdicts.find(verdict => verdict?.refused)?.refused
  // Ports differ from run to run.
  const why = refused?.replaceAll(/(localhost|127\.0\.0\.1):\d+/g, '$1').replaceAll(/conformance-\d+/g, 'it')
  return [...faults, ...(why ? [`refused, as it should be: ${why}`] : [])].join('; ').replaceAll('|', '\\|').replaceAll('\n', ' ')
}
