import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { join, sep } from 'node:path'
import { type Ended, run } from '../child.ts'
import type { Settings } from './settings.ts'

const mostOutputBytes = 50_000

/** Runs one allowed program within the folder, without a shell. Throws with the reason when it is not allowed. */
export async function runCommand(settings: Settings, name: string, args: string[], signal: AbortSignal): Promise<Ended> {
  const program = settings.commands.get(name)
  if (program === undefined) throw new Error(refusal(settings, name))
  for (const argument of args) checkArgument(settings.folder, argument)
  const starter = args.find(argument => starters[name]?.test(argument))
  if (starter !== undefined)
    throw new Error(`the argument "${starter.slice(0, 60)}" is not allowed: it makes ${name} run another program`)
  const [first = program, ...rest] = [...fence(), program, ...args]
  return run({
    program: first,
    args: rest,
    cwd: settings.folder,
    env: { PATH: '/nowhere', LANG: 'C.UTF-8' },
    signal,
    timeoutMs: settings.timeoutMs,
    keepBytes: mostOutputBytes,
    endOnFlood: true,
  })
}

/** Options by which a harmless program runs another one, which may lie in the folder; GNU takes the beginning of a long option for all of it. */
const starters: Record<string, RegExp> = { sort: /^--co/, rg: /^--(pre|hostname-bin)/, ag: /^--pager/ }

function refusal({ commands }: Settings, name: string): string {
  if (commands.size === 0) return 'commands are not allowed here: the operator lists them in RUN_COMMANDS'
  return `"${name.slice(0, 60)}" is not allowed; these are: ${[...commands.keys()].join(', ')}`
}

/** Neither a path out of the folder, in whatever guise, nor an address. */
function checkArgument(folder: string, argument: string): void {
  const refuse = (why: string): never => {
    throw new Error(`the argument "${argument.slice(0, 60)}" is not allowed: ${why}`)
  }
  if (argument.includes('\0')) refuse('it holds a NUL')
  if (/(^|[^\w.])~/.test(argument)) refuse('it leads to a home')
  if (/\.\.(\/|$)/.test(argument)) refuse('it leads out of the folder')
  // Glued to an option (-f/etc/passwd), or behind what options and lists put between (--file=/etc, a:/b, @/c).
  if (/(^|[^\w.\-/+])\/|^-+[\w-]*\//.test(argument)) refuse('it names a path outside the folder')
  for (const part of argument.split(/[=,:@]/))
    if (leadsOut(folder, part) || leadsOut(folder, part.replace(/^-\w/, ''))) refuse('it is a link out of the folder')
}

function leadsOut(folder: string, part: string): boolean {
  const path = join(folder, part)
  // A part of the way may be a link, and the end of it not be there yet.
  const steps = part.split('/').map((_, at, all) => join(folder, ...all.slice(0, at + 1)))
  const last = [path, ...steps.toReversed()].find(step => existsSync(step))
  if (last === undefined) return false
  const real = realpathSync(last)
  return real !== folder && !real.startsWith(folder + sep)
}

let fences: string[] | undefined

/**
 * What stands before the program: no network, and no process that outlives it, where the platform lets us make namespaces of our own; limits
 * of processes, memory (1 GB), file size (10 MB) and processor time, where there is prlimit.
 */
function fence(): string[] {
  fences ??= [
    ['/usr/bin/unshare', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--'],
    ['/usr/bin/prlimit', '--nproc=64', '--as=1073741824', '--fsize=10485760', '--cpu=60', '--core=0', '--'],
  ]
    .filter(
      ([program = '', ...args]) =>
        existsSync(program) && spawnSync(program, [...args, '/bin/true'], { timeout: 3000 }).status === 0,
    )
    .flat()
  return fences
}
