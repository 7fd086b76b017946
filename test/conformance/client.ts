// What the suite starts, once a scenario and all at once. Few run side by side: on a small machine they would time each other out.
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const sideBySide = 4
const lookEveryMs = 100

async function takeTurn(dir: string): Promise<string> {
  while (true) {
    for (let at = 0; at < sideBySide; at++) {
      const place = join(dir, `turn-${at}`)
      if (isOurs(place)) return place
    }
    await sleep(lookEveryMs)
  }
}

function isOurs(place: string): boolean {
  try {
    mkdirSync(place)
    return true
  } catch {
    return false // somebody else's
  }
}

const turn = await takeTurn(process.env['CONFORMANCE_DIR'] ?? '')
process.on('exit', () => rmdirSync(turn))
const { visit } = await import('./visit.ts')
console.log(`conformance client: ${await visit()}`)
