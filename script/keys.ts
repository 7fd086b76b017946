// Keys of the web door, made and revoked while the bot runs: `npm run keys -- add <name> [--admin]`, `list`, `revoke <name>`.
import { join } from 'node:path'
import { loadConfig } from '../src/config/config.ts'
import { ConfigError } from '../src/errors.ts'
import { createKeys, type KeyRecord, type Keys, keyName } from '../src/keys.ts'
import { silentLog } from '../src/log.ts'
import { openRedis } from '../src/redis/redis.ts'

const projectFolder = join(import.meta.dirname, '..')

const usage = `npm run keys -- add <name> [--admin] [--again]   makes a key, and prints it once
npm run keys -- list                              whose keys there are, and when they were used
npm run keys -- revoke <name>                     from now on nobody comes in with it`

/** What is printed: `out` is what was asked for, `aside` what a person should know beside it. */
export interface Said {
  out?: string
  aside?: string
  code: 0 | 1
}

/** As the command line asks for it. `named` are the names of HTTP_API_KEYS. */
export async function runKeys(args: string[], keys: Keys, named: string[]): Promise<Said> {
  const [wish, name = '', ...rest] = args.filter(one => !one.startsWith('-'))
  const flags = args.filter(one => one.startsWith('-'))
  const allowed = wish === 'add' ? ['--admin', '--again'] : []
  if (rest.length > 0 || flags.some(one => !allowed.includes(one))) return failed(usage)
  if (wish === 'list' && name === '') return { out: listOf(await keys.list(), named), code: 0 }
  if (wish !== 'add' && wish !== 'revoke') return failed(usage)
  if (!keyName.test(name)) return failed(name === '' ? usage : badName(name))
  if (wish === 'revoke') return revoke(name, keys, named)
  return add(name, { admin: flags.includes('--admin'), again: flags.includes('--again') }, keys)
}

const failed = (aside: string): Said => ({ aside, code: 1 })

const badName = (name: string) =>
  `"${name}" cannot be a name: at most 32 small letters, digits, _ and -, beginning with a letter; not "local", nor "key-…"`

async function add(name: string, options: { admin: boolean; again: boolean }, keys: Keys): Promise<Said> {
  const key = await keys.add(name, options)
  if (key !== undefined) {
    const whose = options.admin ? `${name}, an admin` : name
    return { out: key, aside: `This is the key of ${whose}. It is shown this once, and holds within a few seconds.`, code: 0 }
  }
  const known = (await keys.list()).find(one => one.name === name)
  const why = known ? whyTaken[known.state] : whyTaken.valid
  return failed(
    `${name} ${why}. What belongs to the name (sessions, servers, rules) would go to the new key: take another name, or add --again if it is for the same person.`,
  )
}

const whyTaken: Record<KeyRecord['state'], string> = {
  valid: 'has a key',
  revoked: 'had a key, which was revoked',
  settings: 'stands, or stood, in HTTP_API_KEYS',
}

async function revoke(name: string, keys: Keys, named: string[]): Promise<Said> {
  const isNamed = named.includes(name)
  const there = `${name} stands in HTTP_API_KEYS: take it out there, and restart the bot`
  if (await keys.revoke(name)) {
    const aside = `The key of ${name} is revoked; what it holds open ends within a few seconds.`
    return { aside: isNamed ? `${aside} But ${there}.` : aside, code: 0 }
  }
  return failed(isNamed ? `${there}.` : `There is no valid key of ${name}: list shows which there are.`)
}

function listOf(records: KeyRecord[], named: string[]): string {
  if (records.length === 0) return 'No key was made yet.'
  const rows = records.map(record => [record.name, stateOf(record, named), `used ${record.used ?? 'never'}`])
  const width = (column: number) => Math.max(...rows.map(row => row[column]?.length ?? 0))
  const widths = [width(0), width(1), 0]
  return rows.map(row => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')).join('\n')
}

function stateOf({ name, state, made, admin, revoked = '' }: KeyRecord, named: string[]): string {
  if (state === 'valid') return `${admin ? 'admin, made' : 'made'} ${made.slice(0, 10)}`
  if (state === 'revoked') return `revoked ${revoked.slice(0, 10)}`
  return named.includes(name) ? 'in HTTP_API_KEYS' : 'no longer in HTTP_API_KEYS'
}

async function run(): Promise<Said> {
  const config = loadConfig(projectFolder)
  const { apiKeys } = config.web
  const named = apiKeys.flatMap(one => (typeof one === 'string' ? [] : [one.name]))
  const place = { root: projectFolder, dir: join(config.dataDir, 'redis'), path: config.searchPath, log: silentLog }
  const house = await openRedis({ ...place, ...(config.redisUrl !== undefined && { url: config.redisUrl }) })
  try {
    return await runKeys(process.argv.slice(2), createKeys(house.redis, { log: silentLog, apiKeys }), named)
  } finally {
    await house.close()
  }
}

if (import.meta.main) {
  try {
    const { out, aside, code } = await run()
    if (out !== undefined) process.stdout.write(`${out}\n`)
    if (aside !== undefined) process.stderr.write(`${aside}\n`)
    process.exitCode = code
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.problems.join('\n')}\n`)
    process.exitCode = 1
  }
}
