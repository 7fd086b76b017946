import { ConfigError } from '../errors.ts'

interface Endpoint {
  host: string
  port: number
}

interface Login {
  username?: string
  password?: string
}

interface Access {
  login: Login
  tls: boolean
  database: number
}

/** One server, or some nodes of a Redis Cluster: whether one address is a cluster's, only its server knows. */
export interface ServerAddress extends Access {
  kind: 'servers'
  /** The same, each with the login of the first. */
  urls: string[]
  nodes: Endpoint[]
}

/** Sentinels, who know which server is the master now. */
export interface SentinelAddress extends Access {
  kind: 'sentinels'
  sentinels: Endpoint[]
  /** The name under which they watch it. */
  master: string
  sentinelLogin: Login
}

export type RedisAddress = ServerAddress | SentinelAddress

const usualPort = 6379
const usualSentinelPort = 26_379
const allowed =
  'a redis:// or rediss:// address, several with commas between for a Redis Cluster, or redis+sentinel://host:26379,host:26379/master'

/** The end of the sentence "REDIS_URL must be …", without any part of the address; undefined when the address is usable. */
export function redisAddressMustBe(text: string): string | undefined {
  const read = parse(text)
  return typeof read === 'string' ? read : undefined
}

/** Throws ConfigError with one sentence. */
export function readRedisAddress(text: string): RedisAddress {
  const read = parse(text)
  if (typeof read === 'string') throw new ConfigError(`REDIS_URL is not usable: it must be ${read}`)
  return read
}

/** A string says what it must be instead. */
function parse(text: string): RedisAddress | string {
  try {
    return /^rediss?\+sentinel:/i.test(text) ? parseSentinels(text) : parseServers(text)
  } catch {
    return allowed // what URL or decodeURIComponent say would repeat a password
  }
}

/** Only a comma before a scheme divides: a password may hold others. */
function parseServers(text: string): ServerAddress | string {
  const [first, ...others] = text.split(/\s*,\s*(?=rediss?:\/\/)/i).map(url => new URL(url))
  if (!first || ![first, ...others].every(isServer)) return allowed
  const wrong = disagreement(first, others)
  if (wrong !== undefined) return wrong
  for (const other of others) Object.assign(other, { username: first.username, password: first.password })
  return {
    kind: 'servers',
    urls: [first, ...others].map(({ href }) => href),
    nodes: [first, ...others].map(url => endpoint(url, usualPort)),
    login: loginOf(first.username, first.password),
    tls: first.protocol === 'rediss:',
    database: databaseOf(first),
  }
}

const isServer = ({ protocol, hostname, pathname }: URL) =>
  /^rediss?:$/.test(protocol) && !hostname.includes(',') && /^(\/\d*)?$/.test(pathname)
const databaseOf = ({ pathname }: URL) => Number(pathname.slice(1))
const userInfoOf = ({ username, password }: URL) => `${username}:${password}`

function disagreement(first: URL, others: URL[]): string | undefined {
  if (others.length === 0) return undefined
  if (others.some(({ protocol }) => protocol !== first.protocol))
    return 'addresses that all begin with redis://, or all with rediss://'
  if (others.map(userInfoOf).some(userInfo => userInfo !== ':' && userInfo !== userInfoOf(first)))
    return 'addresses with the same user and password: those of the first are used for every node'
  if ([first, ...others].some(url => databaseOf(url) > 0))
    return 'addresses without the number of a database: a Redis Cluster has only one'
  return undefined
}

/** URL knows no list of hosts. */
const sentinelForm = /^(rediss?)\+sentinel:\/\/(?:([^/?]*)@)?([^/?@]+)(?:\/([^/?]*))?(?:\/(\d*))?(?:\?(.*))?$/i

function parseSentinels(text: string): SentinelAddress | string {
  const [, scheme, userInfo = '', hosts, name = '', database = '', query = ''] = sentinelForm.exec(text) ?? []
  if (scheme === undefined || hosts === undefined) return allowed
  if (name === '')
    return 'redis+sentinel://host:26379,host:26379/master, with the name of the master that the sentinels watch at its end'
  const [username = '', ...password] = userInfo.split(':')
  const { sentinel_username, sentinel_password, ...unknown } = Object.fromEntries(new URLSearchParams(query))
  if (Object.keys(unknown).length > 0) return 'an address with no options but sentinel_username and sentinel_password'
  return {
    kind: 'sentinels',
    sentinels: hosts.split(',').map(host => endpoint(new URL(`redis://${host.trim()}`), usualSentinelPort)),
    master: decodeURIComponent(name),
    login: loginOf(username, password.join(':')),
    sentinelLogin: {
      ...(sentinel_username && { username: sentinel_username }),
      ...(sentinel_password && { password: sentinel_password }),
    },
    tls: scheme.toLowerCase() === 'rediss',
    database: Number(database),
  }
}

function loginOf(username: string, password: string): Login {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  }
}

function endpoint({ hostname, port }: URL, otherwise: number): Endpoint {
  return { host: hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port: Number(port) || otherwise }
}
