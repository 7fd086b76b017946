import { readdirSync, readFileSync } from 'node:fs'

/** A process, told from a later one of the same id by when it began. */
export interface Kin {
  pid: number
  parent: number
  began: string
}

/** In the environment of a server and of all that it starts, so that they are found wherever they have moved to. */
export const markName = 'BELLHOP_SERVER'

/**
 * All living processes that descend from `root`, or whose environment carries the mark: a helper that leads a group of its own is in
 * no group that could be signalled, and one whose parent has ended has no parent to be found by. Empty where there is no /proc.
 */
export function kinOf(root: number | undefined, mark: string): Kin[] {
  const all = readProcesses()
  const family = new Set(root === undefined ? [] : [root])
  for (let before = -1; before !== family.size; ) {
    before = family.size
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
  }
  return all.filter(({ pid }) => pid !== process.pid && (family.has(pid) || isMarked(pid, mark)))
}

/** Those that still live get the signal. That others are gone meanwhile is fine. */
export function signalKin(kin: Kin[], signal: NodeJS.Signals): void {
  for (const { pid, began } of kin) if (readProcess(pid)?.began === began) sendSignal(pid, signal)
}

/** A negative id means the whole group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error
  }
}

function readProcesses(): Kin[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => readProcess(Number(name)) ?? [])
  } catch {
    return [] // not Linux
  }
}

/** Undefined when it is gone, or is a zombie, which no signal reaches. */
function readProcess(pid: number): Kin | undefined {
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent, began] = [fields[0], fields[1], fields[19]]
  return parent === undefined || began === undefined || state === 'Z' ? undefined : { pid, parent: Number(parent), began }
}

function isMarked(pid: number, mark: string): boolean {
  return read(`/proc/${pid}/environ`).includes(`${markName}=${mark}\0`)
}

/** Empty when it is gone, or another user's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
