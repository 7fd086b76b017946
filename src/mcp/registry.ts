import { isDeepStrictEqual } from 'node:util'
import type { ServerConfig } from '../config/servers.ts'
import type { Owner, ServerStatus } from '../toolbox.ts'
import type { Hosted } from './hosted.ts'
import { inOrder } from './owners.ts'

/** Which servers there are, and whose. */
export interface Registry {
  start(servers: ServerConfig[]): Promise<void>
  register(config: ServerConfig, owner?: Owner): Promise<ServerStatus>
  unregister(name: string, owner?: Owner): Promise<boolean>
  ensureRegistered(config: ServerConfig, owner?: Owner): Promise<'unchanged' | 'started' | 'restarted'>
  reconnect(name: string, owner?: Owner): Promise<boolean>
  /** The house's and those of these owners, each owner's in the order of registration. */
  of(owners: Owner[]): Hosted[]
  all(): Hosted[]
  close(): Promise<void>
}

export interface RegistryDeps {
  open(config: ServerConfig, owner: Owner): Hosted
  /** Others are there than before. */
  onChange(): void
  /** One was taken out for good. */
  onGone(server: Hosted): Promise<void>
  /** Hosts to which somebody's own server may be reached without TLS. */
  plainHosts: string[]
}

export function createRegistry({ open, onChange, onGone, plainHosts }: RegistryDeps): Registry {
  const { find, put, remove, of, all } = createPlaces(onChange)

  function add(config: ServerConfig, owner: Owner): Hosted {
    if (owner !== 'house') checkOwn(config, plainHosts)
    return put(open(config, owner))
  }

  async function ensureRegistered(config: ServerConfig, owner: Owner = 'house') {
    const known = find(owner, config.name)
    if (known && isDeepStrictEqual(known.config, config)) {
      // Nobody calls what is not offered, so one that fell asleep while it was away would never be tried again.
      if (known.stats().asleep && known.status().state !== 'active') void known.start()
      return 'unchanged'
    }
    if (known && owner !== 'house') checkOwn(config, plainHosts)
    if (known) remove(known)
    const fresh = add(config, owner)
    await Promise.all([known?.close(), fresh.start()])
    return known ? 'restarted' : 'started'
  }

  return {
    ensureRegistered,
    async start(servers) {
      await Promise.all(servers.map(config => ensureRegistered(config)))
    },
    async register(config, owner = 'house') {
      if (find(owner, config.name)) throw new Error(`there is a server "${config.name}" already`)
      const server = add(config, owner)
      await server.start()
      return server.status()
    },
    async unregister(name, owner = 'house') {
      const server = find(owner, name)
      if (!server) return false
      remove(server)
      await server.close()
      await onGone(server)
      return true
    },
    async reconnect(name, owner = 'house') {
      const known = find(owner, name)
      if (!known) return false
      remove(known)
      await Promise.all([known.close(), add(known.config, owner).start()])
      return true
    },
    of,
    all,
    async close() {
      await Promise.all(all().map(server => server.close()))
    },
  }
}

function createPlaces(onChange: () => void) {
  const byOwner = new Map<Owner, Map<string, Hosted>>()
  return {
    find: (owner: Owner, name: string) => byOwner.get(owner)?.get(name),
    put(server: Hosted): Hosted {
      const own = byOwner.get(server.owner) ?? new Map<string, Hosted>()
      byOwner.set(server.owner, own.set(server.config.name, server))
      onChange()
      return server
    },
    remove({ owner, config }: Hosted): void {
      const own = byOwner.get(owner)
      own?.delete(config.name)
      if (own?.size === 0) byOwner.delete(owner)
      onChange()
    },
    of: (owners: Owner[]) => inOrder(owners).flatMap(owner => [...(byOwner.get(owner)?.values() ?? [])]),
    all: () => [...byOwner.values()].flatMap(own => [...own.values()]),
  }
}

/** Only the operator may start programs here, and what people register themselves carries their secrets. */
function checkOwn({ name, transport }: ServerConfig, plainHosts: string[]): void {
  if (transport.kind === 'stdio') throw new Error(`server "${name}" cannot be registered: only the operator may start programs`)
  const { protocol, host, hostname } = new URL(transport.url)
  if (protocol !== 'https:' && ![host, hostname].some(name => plainHosts.includes(name)))
    throw new Error(`server "${name}" cannot be registered: its address must begin with https://`)
}
