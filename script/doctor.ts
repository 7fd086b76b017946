// Looks at everything that an operator can get wrong: `npm run doctor`, with `--json` for programs.
import { join } from 'node:path'
import type { Checkup, Finding } from '../src/adapter.ts'
import { type Config, environment, surveyConfig } from '../src/config/config.ts'
import { secretsOf } from '../src/config/secrets.ts'
import { examine, type IsListening } from '../src/doctor/doctor.ts'
import { isWell, renderJson, renderReport } from '../src/doctor/report.ts'
import { createRedact, type Redact } from '../src/redact.ts'

const projectFolder = join(import.meta.dirname, '..')

export interface DiagnoseOptions {
  /** What relative paths belong to. */
  folder: string
  env: Record<string, string | undefined>
  nodeVersion?: string
  /** How long to look for another program that polls Telegram. */
  holdMs?: number
  /** In milliseconds since 1970. */
  now?(): number
}

/** What was found, and by what to hide the secrets of this configuration. Secrets that are too short to be hidden stand in no finding. */
export async function diagnose(options: DiagnoseOptions): Promise<{ findings: Finding[]; redact: Redact }> {
  const { folder, env, nodeVersion = process.versions.node } = options
  const { config, problems } = surveyConfig(folder, env)
  const platforms = platformsOf(config, options)
  const findings = await examine({ config, problems, root: projectFolder, nodeVersion, platforms })
  return { findings, redact: createRedact([...secretsOf(config), ...(config.secretKey === undefined ? [] : [config.secretKey])]) }
}

/** Libraries are loaded only for a platform that has a token. */
function platformsOf({ telegram, discord }: Config, { holdMs, now }: DiagnoseOptions) {
  const platforms: ((isListening: IsListening) => Promise<Checkup>)[] = []
  const more = { ...(now && { now }) }
  if (telegram)
    platforms.push(async isListening => {
      const { checkTelegram } = await import('../adapters/telegram/check.ts')
      const listening = await isListening('telegram', telegram.token.split(':')[0] ?? '')
      return checkTelegram({ ...telegram, listening, ...more, ...(holdMs !== undefined && { holdMs }) })
    })
  if (discord)
    platforms.push(async () => {
      const { checkDiscord } = await import('../adapters/discord/check.ts')
      return checkDiscord({ ...discord, ...more })
    })
  return platforms
}

if (import.meta.main) {
  const { findings, redact } = await diagnose({ folder: projectFolder, env: environment(projectFolder) })
  const text = process.argv.includes('--json') ? renderJson(findings, redact) : renderReport(findings, redact)
  process.stdout.write(`${text}\n`)
  process.exitCode = isWell(findings) ? 0 : 1
}
