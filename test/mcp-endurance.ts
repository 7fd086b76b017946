// Kills a server every two seconds for a minute while ten callers use it: `node test/mcp-endurance.ts [seconds] [kill every, ms] [callers]`.
// Every call must end within its time, in a result or in words, and no process may be left. Exits with 1 if not.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../src/log.ts'
import { createSession } from '../src/mcp/session.ts'
import { wild } from './wire/mcp/session.ts'

export interface Endurance {
  calls: number
  answered: number
  /** By what was said. */
  failures: Record<string, number>
  kills: number
  /** Calls that took longer than they may. */
  late: number
  longestMs: number
  /** Servers and helpers that live on, and zombies. */
  left: { living: number; zombies: number }
}

const callMs = 3000
const maxCallMs = 5000
/** A loaded machine is slow, not wrong. */
const graceMs = 2500

/** `who` goes into the environment of the server, by which its processes are found. */
export async function endure(
  seconds: number,
  killEveryMs: number,
  callers: number,
  who = `endurance-${process.pid}`,
): Promise<Endurance> {
  const config = wild('', { callMs, maxCallMs }, { WHO: who })
  const session = createSession(config, { log: silentLog, onChange() {} })
  await session.start()
  const done: Endurance = {
    calls: 0,
    answered: 0,
    failures: {},
    kills: 0,
    late: 0,
    longestMs: 0,
    left: { living: 0, zombies: 0 },
  }
  const until = performance.now() + seconds * 1000
  const over = () => performance.now() > until

  async function callOn(caller: number): Promise<void> {
    for (let n = 0; !over(); n++) {
      const began = performance.now()
      // Some leave a helper behind, some are never answered, some only read.
      const what = n % 50 === 49 ? 'hang' : n % 7 === 0 ? 'start' : 'answer'
      const input = { do: what, with: what === 'start' ? ['echo $$; exec sleep 300'] : { content: [] } }
      const tool = { name: n % 2 ? 'read' : 'write', inputSchema: { type: 'object' as const } }
      const why = await session.call(tool, input, { signal: new AbortController().signal, onProgress() {} }).then(
        () => '',
        (error: Error) => error.message.replace(/\d+/g, 'n'),
      )
      const ms = performance.now() - began
      done.calls++
      done.longestMs = Math.max(done.longestMs, Math.round(ms))
      if (ms > maxCallMs + graceMs) done.late++
      if (why === '') done.answered++
      else done.failures[why] = (done.failures[why] ?? 0) + 1
      await sleep(20 + caller)
    }
  }

  async function killOn(): Promise<void> {
    for (; !over(); done.kills++) {
      await sleep(killEveryMs)
      const [server] = processesOf(who).filter(({ parent }) => parent === process.pid)
      if (server) process.kill(server.pid, 'SIGKILL')
    }
  }

  await Promise.all([killOn(), ...Array.from({ length: callers }, (_, i) => callOn(i))])
  await session.close()
  await sleep(300)
  done.left = { living: processesOf(who).length, zombies: zombies() }
  return done
}

/** By what stands in their environment. */
function processesOf(who: string): { pid: number; parent: number }[] {
  return readdirSync('/proc').flatMap(name => {
    const pid = Number(name)
    if (!pid || pid === process.pid || !read(pid, 'environ').includes(`WHO=${who}\0`)) return []
    const fields = statOf(pid)
    return fields[0] === 'Z' ? [] : [{ pid, parent: Number(fields[1]) }]
  })
}

/** Children of ours that nobody has reaped. */
function zombies(): number {
  return readdirSync('/proc').filter(name => {
    const [state, parent] = statOf(Number(name))
    return state === 'Z' && Number(parent) === process.pid
  }).length
}

function statOf(pid: number): string[] {
  const stat = read(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

if (import.meta.main) {
  const [seconds = 60, killEveryMs = 2000, callers = 10] = process.argv.slice(2).map(Number)
  const done = await endure(seconds, killEveryMs, callers)
  console.log(JSON.stringify(done, null, 2))
  const { late, left } = done
  process.exitCode = late + left.living + left.zombies === 0 ? 0 : 1
}
