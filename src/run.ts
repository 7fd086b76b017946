import { join } from 'node:path'
import { environment, loadConfig } from './config/config.ts'
import { secretsOf } from './config/secrets.ts'
import { ConfigError } from './errors.ts'
import { createLog } from './log.ts'
import { createRedact } from './redact.ts'
import { openTail } from './telemetry/error-lines.ts'

const projectFolder = join(import.meta.dirname, '..')
/** Beyond the time that turns get to end. */
const closingMayTakeMs = 10_000
/** Exit code of a house that only an operator can mend (EX_CONFIG of sysexits.h): supervisors can be told not to try again. */
const misconfigured = 78

/** What `node src/main.ts [--chat [--url …]]` does. What is wrong with the set-up is printed, and ends the process. */
export async function run(): Promise<void> {
  await start().catch((error: unknown) => {
    process.stderr.write(
      error instanceof ConfigError
        ? `Bellhop cannot start:\n${error.problems.map(problem => `  ${problem}\n`).join('')}`
        : `${error instanceof Error ? error.stack : error}\n`,
    )
    process.exit(error instanceof ConfigError ? misconfigured : 1)
  })
}

async function start(): Promise<void> {
  if (process.argv.includes('--url')) return talk()
  const chatting = process.argv.includes('--chat')
  const config = loadConfig(projectFolder)
  const tail = openTail()
  const log = createLog(chatting ? 'error' : config.logLevel, process.stderr.isTTY, createRedact(secretsOf(config)), tail.hear)
  let leaving = false
  const leave = async () => {
    if (leaving) process.exit(1) // asked twice: at once
    leaving = true
    setTimeout(() => {
      log.error({}, 'the house did not close in time; what was under way is taken up at the next start')
      process.exit(1)
    }, config.drainMs + closingMayTakeMs).unref()
    await (await opening).close()
    process.exit(0)
  }
  const { openHouse } = await import('./house.ts')
  const opening = openHouse({ config, log, tail, ...(chatting && { chat: { onEnd: () => void leave() } }) })
  process.on('SIGINT', () => void leave())
  process.on('SIGTERM', () => void leave())
  const house = await opening
  if (!chatting) process.stdout.write(`${house.banner}\n`)
}

/** With a house that runs elsewhere: of this one nothing is opened. */
async function talk(): Promise<void> {
  const { talkElsewhere } = await import('../adapters/terminal/elsewhere.ts')
  process.exit(await talkElsewhere(process, environment(projectFolder)))
}
