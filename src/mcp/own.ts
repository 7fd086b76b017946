import type { Config } from '../config/config.ts'
import { createGuard, type Guard } from '../net/guard.ts'
import type { Redis } from '../redis/redis.ts'
import { createVault } from '../vault.ts'
import { createMembers, type Members } from './members.ts'
import { createSignIns, type SignIns } from './sign-ins.ts'
import { createFetchFor, createWebs, type WebFor, type WebOptions } from './web.ts'

/** What a process needs for the servers that people and places have of their own. */
export interface Own {
  /** Absent without SECRET_KEY: nobody can have any. */
  kept?: { members: Members; signIns: SignIns }
  guard: Guard
  web: WebOptions
  webFor: WebFor
  /** For sign-ins, which are no connection. */
  fetchFor: ReturnType<typeof createFetchFor>
  /** Hosts that may be reached without TLS. */
  plainHosts: string[]
}

export const callbackPath = '/oauth/callback'
/** Where an authorization server that reads it finds who we are. */
export const clientPath = '/oauth/client.json'

type OwnConfig = Pick<Config, 'web' | 'publicUrl' | 'secretKey' | 'allowPrivateHosts'>

export function openOwn({ web: { host, port }, publicUrl, secretKey, allowPrivateHosts }: OwnConfig, redis: Redis): Own {
  const guard = createGuard({ allow: allowPrivateHosts, secureOnly: true })
  const vault = secretKey === undefined ? undefined : createVault(secretKey)
  const kept = vault && { members: createMembers(redis, vault), signIns: createSignIns(redis, vault) }
  const web: WebOptions = {
    guard,
    ...(kept && { signIns: kept.signIns }),
    redirectUrl: `${publicUrl ?? `http://${nameOf(host)}:${port}`}${callbackPath}`,
    ...(publicUrl?.startsWith('https:') && { clientMetadataUrl: `${publicUrl}${clientPath}` }),
  }
  return {
    ...(kept && { kept }),
    guard,
    web,
    webFor: createWebs(web),
    fetchFor: createFetchFor(guard),
    plainHosts: allowPrivateHosts,
  }
}

/** Who listens everywhere is found on this machine by this name. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
