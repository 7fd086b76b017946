import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Finding } from '../adapter.ts'
import type { Config } from '../config/config.ts'
import { broken, isUnreadable } from './report.ts'

/** What the settings say by themselves, before anything is tried. `problems` as in ConfigError. */
export function checkSettings(config: Config, problems: string[]): Finding[] {
  const findings = problems.map(problem => broken('Settings', problem))
  if (findings.length === 0) findings.push({ state: 'good', about: 'Settings', found: 'every variable can be read' })
  const readable = (variable: string) => !isUnreadable(problems, variable)
  return [
    ...findings,
    ...(readable(basename(config.serversFile)) ? [ofServersFile(config), ...ofWarnings(config)] : []),
    ...(readable('SECRET_KEY') ? [ofSecretKey(config)] : []),
    ...(readable('ADMINS') ? ofAdmins(config) : []),
  ]
}

function ofServersFile({ serversFile, servers }: Config): Finding {
  const about = basename(serversFile)
  if (existsSync(serversFile)) return { state: 'good', about, found: `${servers.servers.length} servers` }
  return {
    state: 'doubtful',
    about,
    found: 'is not there, so there are no tools',
    fix: `put your MCP servers into ${serversFile}`,
  }
}

function ofWarnings({ servers }: Config): Finding[] {
  return servers.warnings.map(found => ({ state: 'doubtful', about: 'Settings', found }))
}

/** Of what somebody has made up, fewer characters differ. */
const fewestCharacters = 12

function ofSecretKey({ secretKey }: Config): Finding {
  const about = 'SECRET_KEY'
  const fix = 'set it to what `openssl rand -base64 33` prints, or run npm run setup'
  if (secretKey === undefined)
    return { state: 'doubtful', about, found: 'is not set: nobody can bring a server of his own, nor sign in to one', fix }
  if (new Set(secretKey).size < fewestCharacters)
    return { state: 'broken', about, found: 'can be guessed: it holds few different characters', fix }
  return { state: 'good', about, found: 'is set' }
}

function ofAdmins({ admins, telegram, discord, role }: Config): Finding[] {
  const about = 'ADMINS'
  const example = 'set it to platform and native id, such as discord:1234,telegram:5678'
  if (admins.length === 0)
    return role === 'worker'
      ? []
      : [{ state: 'doubtful', about, found: 'is empty: nobody may use the commands of admins in groups', fix: example }]
  const findings = admins.flatMap((admin): Finding[] => {
    const platform = admin.split(':')[0] ?? ''
    if (!['discord', 'telegram', 'web', 'terminal'].includes(platform))
      return [{ state: 'broken', about, found: `there is no platform "${platform}"`, fix: example }]
    const closed = (platform === 'discord' && !discord) || (platform === 'telegram' && !telegram)
    return closed ? [{ state: 'doubtful', about, found: `${admin} can say nothing: there is no token for ${platform}` }] : []
  })
  return findings.length > 0 ? findings : [{ state: 'good', about, found: `${admins.length} named` }]
}
