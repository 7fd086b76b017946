import { setTimeout as sleep } from 'node:timers/promises'
import { readMemberServer } from '../config/servers/member.ts'
import { type Log, reason } from '../log.ts'
import type { Owner } from '../toolbox.ts'
import type { Host } from './host.ts'
import type { Members } from './members.ts'

/** Brings the servers that people and places have of their own to a worker, when somebody comes who may use them. */
export interface Arrivals {
  /** Resolves when those of these owners are registered and up, or have taken too long for a turn to wait. Never rejects. */
  bring(owners: Owner[]): Promise<void>
  /** What is kept of it, or its sign-in, is another one. Never rejects. */
  renew(owner: Owner, name: string): Promise<void>
}

export interface ArrivalsDeps {
  members: Members
  host: Pick<Host, 'ensureRegistered' | 'unregister' | 'reconnect'>
  plainHosts: string[]
  /** How long a turn waits for a first connection. */
  mostMs?: number
  log: Log
}

/** A person notices a wait of two seconds; what comes up later is there for the next question. */
const turnsWaitMs = 1500

export function createArrivals({ members, host, plainHosts, mostMs = turnsWaitMs, log }: ArrivalsDeps): Arrivals {
  const known = new Map<Owner, Set<string>>()
  const lines = new Map<Owner, Promise<unknown>>()
  const complain = (facts: { owner: Owner; server?: string }) => (error: unknown) =>
    log.warn({ ...facts, reason: reason(error) }, 'a server of somebody’s own could not be brought')

  /** Reads and registers; what has yet to come up is returned. */
  async function look(owner: Owner): Promise<Promise<unknown>[]> {
    const servers = await members.of(owner)
    const names = new Set(servers.map(({ name }) => name))
    const gone = [...(known.get(owner) ?? [])].filter(name => !names.has(name))
    if (names.size > 0) known.set(owner, names)
    else known.delete(owner)
    return [
      ...gone.map(server => host.unregister(server, owner).catch(complain({ owner, server }))),
      ...servers.map(async ({ name, url, headers, locked }) => {
        if (locked) return complain({ owner, server: name })(new Error('it was sealed with another SECRET_KEY'))
        const config = () => readMemberServer(name, url, headers, plainHosts)
        await Promise.try(() => host.ensureRegistered(config(), owner)).catch(complain({ owner, server: name }))
      }),
    ]
  }
  /** One after the other for each owner: who has read what is no longer so must not register it after all. */
  function inLine<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    const mine = (lines.get(owner) ?? Promise.resolve()).then(work)
    const settled = mine.catch(() => {})
    lines.set(owner, settled)
    void settled.then(() => lines.get(owner) === settled && lines.delete(owner))
    return mine
  }
  const bringOne = async (owner: Owner) => {
    await Promise.all(await inLine(owner, () => look(owner)))
  }
  return {
    async bring(owners) {
      const waiting = new AbortController()
      const all = owners.filter(owner => owner !== 'house').map(owner => bringOne(owner).catch(complain({ owner })))
      await Promise.race([Promise.all(all), sleep(mostMs, undefined, { signal: waiting.signal }).catch(() => {})])
      waiting.abort()
    },
    async renew(owner, server) {
      try {
        if (!known.has(owner)) return // nobody here has used it
        const wasThere = known.get(owner)?.has(server)
        await bringOne(owner)
        if (wasThere) await host.reconnect(server, owner)
      } catch (error) {
        complain({ owner, server })(error)
      }
    },
  }
}
