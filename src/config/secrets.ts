import querystring from 'node:querystring'
import { readRedisAddress } from '../redis/address.ts'
import type { Config } from './config.ts'
import type { ServerConfig } from './servers.ts'

/** Everything in the configuration that nobody may read: keys, tokens, passwords, and what servers are given that goes by such a name. */
export function secretsOf({ model, telegram, discord, web, redisUrl, servers, traces }: Config): string[] {
  const redis = redisUrl === undefined ? undefined : readRedisAddress(redisUrl)
  const passwords = redis?.kind === 'sentinels' ? [redis.login.password, redis.sentinelLogin.password] : [redis?.login.password]
  const ours = [
    ...(model && !isPlainWord(model.apiKey) ? [model.apiKey] : []),
    telegram?.token,
    telegram?.webhook?.secret,
    discord?.token,
    ...web.apiKeys.map(one => (typeof one === 'string' ? one : one.key)),
    ...passwords,
    ...named(Object.values(traces?.headers ?? {}).map(value => ['key', value])), // collectors take it under any name
  ]
  return [...ours.filter(secret => secret !== undefined), ...servers.servers.flatMap(ofServer)]
}

/** Local endpoints want some key and take any: `lm-studio`, `not-needed`. Those are words that answers need. */
const isPlainWord = (key: string) => /^[a-z]+(?:-[a-z]+)*$/.test(key)

/** `GITHUB_TOKEN`, `X-Api-Key`, `--password`; but not `TOKEN_LIMIT` nor `API_KEY_FILE`. */
const secretName = /(?:key|token|secret|passw(?:or)?d|pass|pwd|credentials?|cookies?|authorization|auth)$/i

function ofServer({ transport }: ServerConfig): string[] {
  if (transport.kind === 'stdio') return [...named(Object.entries(transport.env)), ...ofArguments(transport.args)]
  const { password, searchParams } = new URL(transport.url)
  return [...named([...Object.entries(transport.headers), ...searchParams]), password, querystring.unescape(password)]
}

/** `--api-key=…` and `--api-key …`. */
function ofArguments(args: string[]): string[] {
  const pairs = args.map((arg, at): [string, string] => {
    const [, name = '', value] = /^(-[^=]*)(?:=(.*))?$/s.exec(arg) ?? []
    return [name, value ?? args[at + 1] ?? '']
  })
  return named(pairs)
}

/** A header or cookie holds more than the secret: `Bearer …`, `session=…; lang=en`. */
function named(pairs: [name: string, value: string][]): string[] {
  return pairs
    .filter(([name]) => secretName.test(name))
    .flatMap(([, value]) => [value, ...value.split(/[\s;,]+/).flatMap(part => [part, part.slice(part.indexOf('=') + 1)])])
}
