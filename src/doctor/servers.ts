import { basename } from 'node:path'
import type { Finding } from '../adapter.ts'
import type { Config } from '../config/config.ts'
import type { ServerConfig } from '../config/servers.ts'
import { silentLog } from '../log.ts'
import { createHost, type Host } from '../mcp/host.ts'
import { openOwn } from '../mcp/own.ts'
import type { Redis } from '../redis/redis.ts'

/** Each is a process or a connection of its own. */
const atOnce = 4

/** Tries every server of servers.config.json; `redis` knows who has signed in where. */
export async function checkServers(config: Config, redis: Redis | undefined): Promise<Finding[]> {
  const own = redis && openOwn(config, redis)
  const host = createHost({ log: silentLog, ...(own && { web: own.webFor }) })
  const waiting = config.servers.servers.map((server, at) => ({ server, at }))
  const findings: Finding[][] = []
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) findings[next.at] = await ofServer(next.server, host)
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, work))
  } finally {
    await host.close()
    await own?.guard.close()
  }
  return [...findings.flat(), ...switchedOff(config)]
}

async function ofServer(server: ServerConfig, host: Host): Promise<Finding[]> {
  const about = `Server ${server.name}`
  const { ok, tools, rejected, latencyMs, version, error, needsAuth } = await host.test(server)
  if (needsAuth)
    return [
      {
        state: 'doubtful',
        about,
        found: 'wants somebody to sign in',
        fix: `set SECRET_KEY, start the bot, and write /mcp login ${server.name} to it as an admin`,
      },
    ]
  if (!ok) return [{ state: 'broken', about, found: error ?? 'it does not answer', fix: remedy(server) }]
  const protocol = version === undefined ? '' : `, protocol ${version}`
  const findings: Finding[] = [
    { state: 'good', about, found: `${tools.length} tools${protocol} (${(latencyMs / 1000).toFixed(1)} s)` },
  ]
  for (const { name, reason } of rejected)
    findings.push({
      state: 'doubtful',
      about,
      found: `its tool "${name}" cannot be offered: ${reason}`,
      fix: `tell whoever makes it, or list the tool in "excludeTools"`,
    })
  return findings
}

function remedy({ transport, connectMs }: ServerConfig): string {
  // Its arguments may hold a secret.
  if (transport.kind === 'stdio')
    return `start it by hand (${basename(transport.command)} …), and see what it says; it has ${connectMs / 1000} s to answer`
  return `see that ${new URL(transport.url).host} can be reached from here, and that its headers in servers.config.json are right`
}

/** What lacks only a variable was left out on purpose, as a rule. */
function switchedOff({ servers }: Config): Finding[] {
  return servers.disabled.flatMap(({ name, error }): Finding[] => {
    if (error === undefined) return []
    const state = /which is not set/.test(error) ? 'doubtful' : 'broken'
    return [{ state, about: `Server ${name}`, found: `switched off: ${error}` }]
  })
}
