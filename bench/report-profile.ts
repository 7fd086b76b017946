// Preloaded (`--import`) into a process that is measured: on the first SIGUSR2 it begins to watch where its CPU goes, on the second it writes that down.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'

const dir = process.env['PROFILE_DIR'] ?? '.'
const sampleUs = 1000
let session: Session | undefined

process.on('SIGUSR2', () => void toggle())

async function toggle(): Promise<void> {
  if (!session) {
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: sampleUs })
    await session.post('Profiler.start')
    return
  }
  const { profile } = await session.post('Profiler.stop')
  writeFileSync(join(dir, `${process.pid}.json`), JSON.stringify(profile))
  writeFileSync(join(dir, `${process.pid}.done`), '')
}
