import { existsSync, type FSWatcher, readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Log, reason } from '../../log.ts'
import { environment } from '../config.ts'
import { deepFreeze } from '../freeze.ts'
import { readServers, type ServersConfig } from '../servers.ts'

export interface WatchOptions {
  /** What relative paths belong to, and where `.env` is. */
  folder: string
  /** What the house runs with: only what differs from it is told. */
  before: ServersConfig
  log: Log
  /** Where variables come from; the environment and a fresh look into `.env` when absent. */
  env?: () => Record<string, string | undefined>
  /** An editor writes in several steps. */
  settleMs?: number
  /** Some folders tell nothing: those of other machines, and files mounted into a container. */
  lookEveryMs?: number
}

export interface Watching {
  /** Looks now. */
  look(): void
  close(): void
}

/**
 * Calls with the new list whenever the file says something else than before. A file that is gone or unreadable changes
 * nothing, and is told to the log once.
 */
export function watchServers(file: string, onChange: (config: ServersConfig) => void, options: WatchOptions): Watching {
  const { folder, before, log, env = () => environment(folder), settleMs = 200, lookEveryMs = 10_000 } = options
  let known = before
  let complaint: string | undefined
  let settling: NodeJS.Timeout | undefined

  function look(): void {
    clearTimeout(settling)
    settling = undefined
    const found = attempt(() => {
      if (!existsSync(file)) throw new Error(`${basename(file)} is gone`)
      return readServers(readFileSync(file, 'utf8'), basename(file), env(), folder)
    })
    if (typeof found === 'string') complain(found)
    else if (isDeepStrictEqual(found, known)) complaint = undefined
    else {
      complaint = undefined
      known = deepFreeze(found)
      onChange(known)
    }
  }

  function complain(about: string): void {
    const nothingLost = known.servers.length + known.disabled.length === 0 && !existsSync(file)
    if (about !== complaint && !nothingLost)
      log.warn({ reason: about }, 'the list of servers cannot be read, and stays as it was')
    complaint = about
  }

  // The folder, since a file that is replaced by renaming another takes its watchers with it.
  const watcher = attempt(() =>
    watch(dirname(file), { persistent: false }, () => {
      // Not begun anew by each event: in a folder where something is always written, it would never end.
      settling ??= setTimeout(look, settleMs).unref()
    }),
  )
  if (typeof watcher !== 'string') watcher.on('error', error => tellOnly(watcher, error, log))
  const looking = setInterval(look, lookEveryMs).unref()
  return {
    look,
    close() {
      if (typeof watcher !== 'string') watcher.close()
      clearTimeout(settling)
      clearInterval(looking)
    },
  }
}

/** What it returns, or why it failed. */
function attempt<T extends object>(work: () => T): T | string {
  try {
    return work()
  } catch (error) {
    return reason(error)
  }
}

/** From then on the file is looked at every now and then. */
function tellOnly(watcher: FSWatcher, error: Error, log: Log): void {
  log.debug({ reason: error.message }, 'the folder of the list of servers is no longer watched')
  watcher.close()
}
