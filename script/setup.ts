// A first configuration in the terminal: `npm run setup`, or `node script/setup.ts <folder>` for the `.env` of another folder.
import { join, resolve } from 'node:path'
import { renderReport } from '../src/doctor/report.ts'
import { createAsker, Left } from '../src/setup/asking.ts'
import { readEnvFile, valuesOf } from '../src/setup/env-file.ts'
import { setUp } from '../src/setup/setup.ts'
import { setupWords } from '../src/setup/words.ts'
import { diagnose } from './doctor.ts'

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const words = setupWords(process.env)
function onInterrupt(): void {
  asker.say(`\n${words.left}`)
  process.exit(130)
}
const asker = createAsker({ input: process.stdin, output: process.stdout, typed: process.stdin.isTTY === true, onInterrupt })
try {
  const written = await setUp({
    asker,
    words,
    folder,
    env: process.env,
    async checkDiscord(discord) {
      const { checkDiscord } = await import('../adapters/discord/check.ts')
      return checkDiscord(discord)
    },
    async checkTelegram(telegram) {
      const { checkTelegram } = await import('../adapters/telegram/check.ts')
      return checkTelegram({ ...telegram, listening: false, holdMs: 0 }) // it may be this very bot that polls
    },
  })
  asker.close()
  if (written) {
    asker.say(`\n${words.checking}`)
    const { findings, redact } = await diagnose({
      folder,
      env: { ...valuesOf(readEnvFile(join(folder, '.env'))), ...process.env },
    })
    asker.say(`${renderReport(findings, redact)}\n\n${words.start}`)
  } else asker.say(words.left)
} catch (error) {
  if (!(error instanceof Left)) throw error
  asker.say(`\n${words.left}`)
  process.exitCode = 130 // as after Ctrl-C
} finally {
  asker.close()
}
