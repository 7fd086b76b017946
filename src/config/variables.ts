import { z } from 'zod'
import { readAllowance } from '../allowance.ts'
import { type ApiKey, keyName } from '../keys.ts'
import { redisAddressMustBe } from '../redis/address.ts'

/** One environment variable: how it is read, and how it is explained in README, `.env.example` and error sentences. */
export interface Variable<T> {
  schema: z.ZodType<T>
  aliases: string[]
  /** What it is for, with the reason of the default. */
  about: string
  /** The end of the sentence "X must be …", which may depend on what was found. */
  allowed: string | ((found: string) => string)
  /** The value when unset, as it would be typed; absent where unset means "off". */
  fallback?: string
  /** Never repeated in an error sentence. */
  secret: boolean
}

type More = { aliases?: string[]; fallback?: string; secret?: boolean }
/** `fallback` is known to the type, so that a variable with a default is never undefined. */
const variable = <T, const M extends More>(schema: z.ZodType<T>, allowed: Variable<T>['allowed'], about: string, more: M) => ({
  schema,
  aliases: [] as string[],
  about,
  allowed,
  secret: false,
  ...more,
})

const whole = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .refine(n => n >= from && n <= to)
const number = (from: number, to: number, fallback: string, about: string) =>
  variable(whole(from, to), `a whole number from ${from} to ${to}`, about, { fallback })
const url = (schemes: string[]) =>
  z.string().refine(text => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)))
const httpUrl = (about: string, aliases: string[] = []) =>
  variable(url(['http', 'https']), 'an http:// or https:// address', about, { aliases })
const text = <const M extends More>(about: string, more: M) => variable(z.string(), 'a text', about, more)
const list = z.string().transform(value => value.split(',').flatMap(item => item.trim() || []))
/** A native id; everybody at the web door of this machine, the beginning of a key's SHA-256, or the name of its holder. */
const isAdminName = (named: string) =>
  /^(?:[a-z]+:\d+|web:(?:local|key-[0-9a-f]{12}))$/.test(named) || (named.startsWith('web:') && keyName.test(named.slice(4)))
/** What stands before the first colon is a name: a bare key with a colon in it has one before it. */
function readKey(entry: string): ApiKey {
  const [, name, key = ''] = /^([^:]*):(.*)$/s.exec(entry) ?? []
  if (name === undefined) return entry
  return name === '' ? key : { name, key }
}
const isUsableKey = (one: ApiKey) => (typeof one === 'string' ? one !== '' : keyName.test(one.name) && one.key !== '')
/** A name, an IPv4 address, or an IPv6 address in brackets; then perhaps a port. */
const hostShape = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/
/** Undefined where one has no name, or a percent sign too many. */
function readHeaders(pairs: string[]): Record<string, string> | undefined {
  try {
    const read = pairs.map(pair => /^([\w-]+)\s*=(.*)$/.exec(pair)?.slice(1, 3) ?? [''])
    if (read.some(([name]) => name === '')) return undefined
    return Object.fromEntries(read.map(([name = '', value = '']) => [name, decodeURIComponent(value.trim())]))
  } catch {
    return undefined
  }
}
const oneOf = <T extends string, F extends T>(values: readonly [T, ...T[]], fallback: F, about: string) =>
  variable(z.enum(values), `one of ${values.join(', ')}`, about, { fallback })

const allowance = (about: string) =>
  variable(
    z.string().transform((text, { addIssue }) => {
      const read = readAllowance(text)
      if (!read) addIssue({ code: 'custom' })
      return read ?? z.NEVER
    }),
    'a list of turns, tokens and seconds of tools such as `200 turns, 500k tokens, 1800 seconds`',
    about,
    {},
  )

/** Every variable that the house reads. The order is that of README and `.env.example`. */
export const variables = {
  OPENAI_API_KEY: text('Key of the model endpoint. With neither this nor `OPENAI_BASE_URL` the built-in offline model answers', {
    secret: true,
  }),
  OPENAI_BASE_URL: httpUrl('Any OpenAI-compatible endpoint, usually ending in `/v1`; unset means OpenAI itself', [
    'OPENAI_API_BASE',
  ]),
  MODEL: variable(
    list.transform(names => [...new Set(names)]).refine((names): names is [string, ...string[]] => names.length > 0),
    'a name, or a comma list of names such as gpt-5-mini,gpt-4o-mini',
    'Name of the model at that endpoint, or a comma list: the next one is asked when one fails; `/model` chooses among them',
    { aliases: ['DEFAULT_MODEL', 'OPENAI_MODEL'], fallback: 'gpt-5-mini' },
  ),
  MODEL_SMALL: text(
    'Name of a fast and cheap model at the same endpoint for small work, which also sums up results that are too long; unset means that `MODEL` does the first and nobody the second',
    {},
  ),
  TRANSCRIBE_MODEL: text(
    'Name of the model at the same endpoint that hears voice messages, such as `whisper-1`; unset means none does',
    {},
  ),
  EMBEDDING_MODEL: text(
    'Name of the model at the same endpoint that makes vectors, such as `text-embedding-3-small`: tools are searched by meaning too; unset means by their words',
    {},
  ),
  MAX_TOOLS: number(
    1,
    10_000,
    '40',
    'How many tools are defined to the model at once; where there are more, it is given a few and searches for the others',
  ),
  TELEGRAM_TOKEN: variable(
    z.string().regex(/^\d+:[\w-]+$/),
    'a bot token such as 123456:ABC-DEF, as @BotFather gives it',
    'Opens the Telegram door',
    {
      secret: true,
    },
  ),
  TELEGRAM_API_ROOT: httpUrl('Another server of the Telegram Bot API, such as your own `telegram-bot-api`'),
  TELEGRAM_WEBHOOK_URL: variable(
    z.string().regex(/^https:\/\/[^\s/?#@]+\/[\w~-][\w.~/-]*$/),
    'an https:// address with a path of letters, digits and _ - . ~ such as https://bot.example.org/telegram',
    'Where Telegram brings updates, passed on to the web door with this path; unset means that they are polled for',
    {},
  ),
  TELEGRAM_WEBHOOK_SECRET: variable(
    z.string().regex(/^[\w-]{1,256}$/),
    '1 to 256 letters, digits, _ and -',
    'By what an update is known to come from Telegram; needed with `TELEGRAM_WEBHOOK_URL`',
    { secret: true },
  ),
  TELEGRAM_PER_SECOND: number(
    1,
    100_000,
    '25',
    'How many calls a second Telegram allows the bot in all chats together; more where you pay for it, or on a Bot API server of your own',
  ),
  TELEGRAM_RICH: oneOf(
    ['off', 'auto', 'on'],
    'off',
    'Rich messages: `auto` for texts with a table, a heading or a formula, `on` for all; clients older than these may show nothing of one',
  ),
  DISCORD_TOKEN: variable(z.string().regex(/^\S+$/), 'a bot token without spaces', 'Opens the Discord door', { secret: true }),
  DISCORD_API_URL: httpUrl('Another server of the Discord API'),
  DISCORD_MESSAGE_CONTENT: oneOf(
    ['off', 'on'],
    'off',
    'Ask Discord for the privileged Message Content intent; mentions, DMs and commands work without it',
  ),
  HOST: text('Address of the web door; anything but loopback needs `HTTP_API_KEYS`', { fallback: '127.0.0.1' }),
  PORT: number(0, 65_535, '8000', 'Port of the web door; 0 takes any free one'),
  HTTP_API_KEYS: variable(
    list.transform(entries => entries.map(readKey)).refine(keys => keys.every(isUsableKey)),
    'a comma list of keys and of name:key, each name of at most 32 small letters, digits, _ and -, beginning with a letter; a bare key with a colon in it has one more before it',
    'Who may use the web door: keys, or `name:key`; unset means everybody on this machine. `npm run keys` makes more of them',
    { secret: true },
  ),
  HTTP_PER_MINUTE: number(
    1,
    1_000_000,
    '600',
    'How many requests of one key (or of all, without keys) a gateway answers in a minute',
  ),
  HTTP_SESSIONS_PER_KEY: number(
    1,
    10_000_000,
    '10000',
    'How many sessions of one key are remembered; a week without use ends one',
  ),
  MODEL_BASE_URLS: variable(
    list
      .transform(urls => urls.map(found => found.replace(/\/+$/, '')))
      .refine(urls => urls.every(found => ['http:', 'https:'].includes(URL.parse(found)?.protocol ?? ''))),
    'a comma list of http:// or https:// addresses such as https://api.example.org/v1',
    'Model endpoints that programs may name in `model_config`, with keys of their own (these need `SECRET_KEY`); unset means none',
    {},
  ),
  CORS_ORIGINS: variable(
    list
      .transform(origins => origins.map(origin => origin.replace(/\/$/, '')))
      .refine(origins => origins.every(origin => URL.parse(origin)?.origin === origin)),
    'a comma list of origins such as https://app.example.org',
    'Web pages elsewhere that may speak with the web door from a browser; unset means none',
    {},
  ),
  PUBLIC_URL: variable(
    url(['http', 'https']).transform(found => found.replace(/\/+$/, '')),
    'an http:// or https:// address',
    'Where browsers reach the web door, such as `https://bot.example.org`: who signs in to a server comes back there; unset means `HOST` and `PORT`',
    {},
  ),
  SECRET_KEY: variable(
    z.string().min(32),
    'at least 32 characters that nobody can guess, such as what `openssl rand -base64 33` prints',
    'Seals what people entrust to the bot: the headers of their own MCP servers, and sign-ins; unset means that nobody can bring any',
    { secret: true },
  ),
  ALLOW_PRIVATE_HOSTS: variable(
    list.transform(hosts => hosts.map(host => host.toLowerCase())).refine(hosts => hosts.every(host => hostShape.test(host))),
    'a comma list of hosts such as wiki.internal,10.0.0.7:8080',
    'Hosts inside your network, with or without a port, that the servers which people bring may be at, without TLS too',
    {},
  ),
  REDIS_URL: variable(
    z.string().refine(found => redisAddressMustBe(found) === undefined),
    found => redisAddressMustBe(found) ?? '',
    'A Redis of your own (6.2 or later, or Valkey): a server, a cluster, or sentinels; unset means a private one in `DATA_DIR`',
    { aliases: ['REDIS_URLS'], secret: true },
  ),
  DATA_DIR: text('Where the private Redis and the sample database live', { fallback: './data' }),
  SERVERS_CONFIG: text('The list of MCP servers', { fallback: './servers.config.json' }),
  SKILLS_DIR: text('Your own skills, a folder with a `SKILL.md` each, beside those that Bellhop comes with', {
    fallback: './skills',
  }),
  ROLE: oneOf(['all', 'gateway', 'worker'], 'all', '`gateway` listens to the platforms, `worker` answers, `all` does both'),
  CONCURRENCY: number(1, 1000, '32', 'How many conversations one worker answers side by side'),
  TURN_SECONDS: number(
    10,
    86_400,
    '600',
    'How long one answer may take; then its tools are cut off and it ends with what there is',
  ),
  TURN_TOKENS: number(
    1000,
    100_000_000,
    '1000000',
    'How many tokens one answer may use, in and out, where the endpoint counts them',
  ),
  PERSON_PER_DAY: allowance('What one person may use in a day (UTC); unset means as much as there is'),
  CHAT_PER_DAY: allowance('What may be used in one conversation in a day'),
  ALL_PER_DAY: allowance('What all together may use in a day'),
  DRAIN_SECONDS: number(0, 3600, '25', 'How long running answers may take to end after SIGTERM; container engines kill after 30'),
  ADMINS: variable(
    list.refine(names => names.every(isAdminName)),
    'a comma list such as discord:1234,telegram:5678',
    'Who may press the buttons of others and use the commands of admins: platform and native id; at the terminal everybody is one',
    {},
  ),
  DEFAULT_LOCALE: oneOf(['en', 'zh'], 'en', 'Language of the bot itself where a platform tells none'),
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'info', 'What is written to standard error'),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl(
    'Where turns are told as OpenTelemetry traces (OTLP over HTTP), such as `http://localhost:4318`; unset means nowhere',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: variable(
    list.transform(readHeaders).refine(headers => headers !== undefined),
    'a comma list such as authorization=Bearer%20abc,x-team=bots',
    'Headers for that address, as OpenTelemetry spells them: with percent signs for what is not a plain letter',
    { secret: true },
  ),
  OTEL_SERVICE_NAME: text('What the bot is called in traces', { fallback: 'bellhop' }),
}

type Variables = typeof variables
type ValueOf<V> = V extends { schema: z.ZodType<infer T> } ? T : never
type WithFallback = { [Name in keyof Variables]: Variables[Name] extends { fallback: string } ? Name : never }[keyof Variables]
/** What the environment said, by name; a variable that is unset and has no fallback is absent. */
export type Values = { [Name in WithFallback]: ValueOf<Variables[Name]> } & {
  [Name in Exclude<keyof Variables, WithFallback>]?: ValueOf<Variables[Name]>
}

/**
 * Reads every variable and collects a sentence for each that is not allowed, and in `wrong` the name by which it was set; `values` is whole
 * when there is none. Empty counts as unset.
 */
export function readVariables(env: Record<string, string | undefined>): { values: Values; problems: string[]; wrong: string[] } {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  const wrong: string[] = []
  for (const [name, variable] of Object.entries<Variable<unknown>>(variables)) {
    const said = [name, ...variable.aliases].find(key => env[key]?.trim())
    const found = said === undefined ? variable.fallback : env[said]?.trim()
    if (found === undefined) continue
    const read = variable.schema.safeParse(found)
    if (read.success) values[name] = read.data
    else {
      problems.push(sentence(said ?? name, found, variable))
      wrong.push(said ?? name)
    }
  }
  return { values: values as Values, problems, wrong }
}

function sentence(name: string, found: string, { secret, allowed }: Variable<unknown>): string {
  const must = typeof allowed === 'string' ? allowed : allowed(found)
  return `${name} ${secret ? 'is not usable' : `is ${quote(found)}`}: it must be ${must}`
}

function quote(found: string): string {
  return JSON.stringify(found.length > 60 ? `${found.slice(0, 60)}…` : found)
}
