import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from './random.ts'

/** The processes of one house, each of which comes back a moment after it has died. */
export interface Crew {
  members: Member[]
  /** Wakes who sleeps; resolves when all are up. */
  settle(): Promise<void>
  /** At once, and for the last time. */
  end(): void
}

export interface Member {
  name: string
  role: 'gateway' | 'worker'
  readonly state: 'starting' | 'up' | 'leaving' | 'stopped' | 'dead'
  /** Since when it is in this state, in milliseconds since 1970. */
  readonly since: number
  readonly pid: number | undefined
  kill(): void
  /** SIGTERM: it may finish what it does. */
  dismiss(): void
  /** SIGSTOP, and after so long SIGCONT. */
  freeze(ms: number): void
}

export interface CrewOptions {
  gateways: number
  workers: number
  /** Gets one log a process. */
  folder: string
  env: Record<string, string>
  random: Random
  /** Told of everything that happens to a process. */
  note(event: string): void
}

const program = join(import.meta.dirname, '../../src/main.ts')

export function createCrew(options: CrewOptions): Crew {
  const roles = [
    ...Array.from({ length: options.gateways }, (_, at) => ({ name: `gateway-${at + 1}`, role: 'gateway' as const })),
    ...Array.from({ length: options.workers }, (_, at) => ({ name: `worker-${at + 1}`, role: 'worker' as const })),
  ]
  const members = roles.map(({ name, role }) => createMember(name, role, options))
  return {
    members,
    async settle() {
      for (const member of members) member.wake()
      while (members.some(({ state }) => state !== 'up')) await new Promise(resolve => setTimeout(resolve, 50))
    },
    end() {
      for (const member of members) member.end()
    },
  }
}

function createMember(name: string, role: Member['role'], { folder, env, random, note }: CrewOptions) {
  let state: Member['state'] = 'dead'
  let since = Date.now()
  let child: ChildProcess | undefined
  let over = false
  let expected = false
  let waking: NodeJS.Timeout | undefined

  function enter(next: Member['state']): void {
    state = next
    since = Date.now()
  }
  function start(): void {
    if (over) return
    const log = openSync(join(folder, `${name}.log`), 'a')
    const more = {
      ROLE: role,
      DRAIN_SECONDS: random.pick(['0', '1', '5']),
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      PORT: '0',
    }
    // A group of its own, so that Ctrl-C reaches the harness alone.
    child = spawn(process.execPath, [program], { env: { ...env, ...more }, stdio: ['ignore', 'pipe', log], detached: true })
    writeSync(log, `--- ${new Date().toISOString()} ${name} is process ${child.pid}\n`)
    closeSync(log)
    enter('starting')
    expected = false
    child.stdout?.on('data', (data: Buffer) => {
      if (state === 'starting' && data.includes('Bellhop is up')) enter('up')
    })
    child.on('exit', (code, signal) => {
      if (!expected && !over) note(`${name} ended by itself (${signal ?? `code ${code}`})`)
      enter('dead')
      clearTimeout(waking)
      if (!over) setTimeout(start, random.between(1000, 3000))
    })
  }
  function signal(what: NodeJS.Signals, why: string): void {
    note(`${name} (${child?.pid}) ${why}`)
    child?.kill(what)
  }
  function wake(): void {
    clearTimeout(waking)
    if (state !== 'stopped') return
    enter(expected ? 'leaving' : 'up') // it may have been asked to leave while it slept
    signal('SIGCONT', 'wakes')
  }
  start()
  return {
    name,
    role,
    get state() {
      return state
    },
    get since() {
      return since
    },
    get pid() {
      return child?.pid
    },
    kill() {
      expected = true
      signal('SIGKILL', 'is killed')
    },
    dismiss() {
      expected = true
      if (state !== 'stopped') enter('leaving')
      signal('SIGTERM', 'is asked to leave')
    },
    freeze(ms: number) {
      if (state !== 'up') return
      enter('stopped')
      signal('SIGSTOP', `sleeps for ${Math.round(ms)} ms`)
      waking = setTimeout(wake, ms)
    },
    wake,
    end() {
      over = true
      clearTimeout(waking)
      child?.kill('SIGKILL')
    },
  }
}
