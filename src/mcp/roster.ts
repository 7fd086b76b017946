import type { Config } from '../config/config.ts'
import { diffServers } from '../config/servers/diff.ts'
import { watchServers } from '../config/servers/watch.ts'
import { type Log, reason } from '../log.ts'
import type { ServerStatus } from '../toolbox.ts'
import type { Host } from './host.ts'

/** The house's servers as their file says now: what is changed there is changed here. */
export interface Roster {
  /** Those that the file switches off, or that are written wrongly. */
  switchedOff(): ServerStatus[]
  /** Looks into the file now. */
  reload(): void
  close(): void
}

export interface RosterDeps {
  config: Pick<Config, 'servers' | 'serversFile' | 'folder'>
  host: Pick<Host, 'ensureRegistered' | 'unregister'>
  /** Other servers are there than before; they may still be connecting. */
  onChange(): void
  log: Log
}

/** The servers of `config` are already registered, or about to be. */
export function createRoster({ config, host, onChange, log }: RosterDeps): Roster {
  let current = config.servers
  let closed = false
  const tell = () => {
    if (!closed) onChange()
  }

  /** Nothing is waited for: a list that mends a server that does not come up must not wait for it. */
  function follow(next: typeof current): void {
    const { started, stopped, restarted } = diffServers(current, next)
    current = next
    log.info(
      { started: namesOf(started), stopped: namesOf(stopped), restarted: namesOf(restarted) },
      'the list of servers has changed',
    )
    for (const warning of next.warnings) log.warn({ warning }, 'an entry of the list of servers')
    const work = [
      ...stopped.map(({ name }) => host.unregister(name)),
      ...[...started, ...restarted].map(server => host.ensureRegistered(server)),
    ]
    for (const one of work)
      one.then(tell, (error: unknown) => log.warn({ reason: reason(error) }, 'a server could not be exchanged'))
    tell()
  }
  const watching = watchServers(config.serversFile, follow, { folder: config.folder, before: config.servers, log })
  return {
    switchedOff: () =>
      current.disabled.map(({ name, error }) => ({ name, state: 'disabled', tools: 0, ...(error && { error }) })),
    reload: watching.look,
    close() {
      closed = true
      watching.close()
    },
  }
}

const namesOf = (servers: { name: string }[]) => servers.map(({ name }) => name)
