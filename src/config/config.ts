import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Allowance } from '../allowance.ts'
import { ConfigError } from '../errors.ts'
import type { ApiKey } from '../keys.ts'
import { deepFreeze } from './freeze.ts'
import { readServers, type ServersConfig } from './servers.ts'
import { readVariables, type Values } from './variables.ts'

/** Everything that an operator decides: read once, checked, frozen. */
export interface Config {
  role: 'all' | 'gateway' | 'worker'
  /** Absent: the offline model answers. `names` in the order in which they are asked. */
  model?: { apiKey: string; baseUrl?: string; names: [string, ...string[]]; small?: string; transcribe?: string; embed?: string }
  /** Where programs may have models of their own. */
  modelUrls: string[]
  /** More tools than these are not defined to the model at once. */
  maxTools: number
  telegram?: {
    token: string
    apiRoot?: string
    webhook?: { url: string; secret: string }
    perSecond: number
    rich?: 'auto' | 'on'
  }
  discord?: { token: string; apiUrl?: string; messageContent: boolean }
  web: { host: string; port: number; apiKeys: ApiKey[]; perMinute?: number; corsOrigins?: string[] }
  /** How many of them one key may have. */
  sessionsPerKey: number
  /** Where browsers reach the web door, without a slash at its end; absent: at `web`. */
  publicUrl?: string
  /** Absent: nothing that people entrust to the bot can be kept. */
  secretKey?: string
  /** `name` or `name:port` of each. */
  allowPrivateHosts: string[]
  /** Absent: an embedded one in `dataDir`. */
  redisUrl?: string
  dataDir: string
  /** Where programs are looked for: the PATH. */
  searchPath: string
  servers: ServersConfig
  /** What relative paths belong to, and where `.env` is. */
  folder: string
  /** The operator's own skills; the folder may not be there. */
  skillsDir: string
  /** The file that they come from, whether it is there or not. */
  serversFile: string
  concurrency: number
  /** What one answer may cost; tokens in and out. */
  turn: { seconds: number; tokens: number }
  /** What may be used in a day: by one person, in one conversation, by all together. */
  budgets: Record<'person' | 'place' | 'house', Allowance>
  drainMs: number
  locale: string
  /** `platform:native id` of each. */
  admins: string[]
  logLevel: string
  /** Absent: nothing is traced. */
  traces?: { endpoint: string; headers: Record<string, string>; service: string }
}

/**
 * Reads `.env`, the environment and the file of MCP servers, all relative to `folder`.
 * Throws ConfigError with one sentence for each mistake, all of them at once.
 */
export function loadConfig(folder = process.cwd(), env: Environment = environment(folder)): Config {
  const { config, problems } = surveyConfig(folder, env)
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** As `loadConfig`, for who wants to know all that is wrong: what cannot be read stands at its default, with a sentence in `problems`. */
export function surveyConfig(folder: string, env: Environment): { config: Config; problems: string[] } {
  const { values, problems } = readUsable(env)
  problems.push(...contradictions(values))
  if (env['SKILLS_DIR']?.trim() && !existsSync(resolve(folder, values.SKILLS_DIR)))
    problems.push(`SKILLS_DIR is "${values.SKILLS_DIR}": there is no such folder`)
  const found = collect(problems, () => loadServers(values.SERVERS_CONFIG, env, folder)) ?? {
    servers: { servers: [], disabled: [], warnings: [] },
    serversFile: resolve(folder, values.SERVERS_CONFIG),
  }
  return { config: deepFreeze({ ...toConfig(values, folder), folder, ...found, searchPath: env['PATH'] ?? '' }), problems }
}

type Environment = Record<string, string | undefined>

/** Without those that are not allowed, as if nobody had set them. */
function readUsable(env: Environment): { values: Values; problems: string[] } {
  const { values, problems, wrong } = readVariables(env)
  if (wrong.length === 0) return { values, problems }
  const usable = Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.includes(name)))
  return { values: readVariables(usable).values, problems }
}

/** The environment wins over `.env`, as everywhere; what `.env` said first stays. */
export function environment(folder: string): Environment {
  const file = join(folder, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  return process.env
}

function contradictions(values: Values): string[] {
  const problems: string[] = []
  const loopback = ['127.0.0.1', 'localhost', '::1'].includes(values.HOST)
  if (!loopback && !values.HTTP_API_KEYS?.length && values.ROLE !== 'worker')
    problems.push(
      `HOST is "${values.HOST}", which others can reach: set HTTP_API_KEYS to one or more secret keys, or HOST to 127.0.0.1`,
    )
  if (values.TELEGRAM_WEBHOOK_URL && !values.TELEGRAM_WEBHOOK_SECRET)
    problems.push(
      'TELEGRAM_WEBHOOK_URL is set without TELEGRAM_WEBHOOK_SECRET: set it to 1 to 256 letters, digits, _ and - of your choice',
    )
  return problems
}

function loadServers(path: string, env: Environment, folder: string): Pick<Config, 'servers' | 'serversFile'> {
  const wanted = resolve(folder, path)
  const file = [wanted, join(dirname(wanted), 'servers_config.json')].find(existsSync)
  if (file === undefined) {
    if (env['SERVERS_CONFIG']) throw new ConfigError(`SERVERS_CONFIG is "${path}": there is no such file`)
    return { servers: { servers: [], disabled: [], warnings: [] }, serversFile: wanted }
  }
  return { servers: readServers(readFileSync(file, 'utf8'), basename(file), env, folder), serversFile: file }
}

/** The file of MCP servers as it is now. Throws ConfigError when it cannot be read as a whole. */
export function rereadServers({ serversFile, folder }: Pick<Config, 'serversFile' | 'folder'>): ServersConfig {
  if (!existsSync(serversFile)) return { servers: [], disabled: [], warnings: [] }
  return readServers(readFileSync(serversFile, 'utf8'), basename(serversFile), environment(folder), folder)
}

function collect<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}

function toConfig(values: Values, folder: string): Omit<Config, 'searchPath' | 'folder' | 'servers' | 'serversFile'> {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, TELEGRAM_API_ROOT: apiRoot, DISCORD_API_URL: apiUrl } = values
  const { MODEL: names, MODEL_SMALL: small, TRANSCRIBE_MODEL: transcribe, EMBEDDING_MODEL: embed } = values
  const { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret } = values
  const server = { apiKey: apiKey ?? 'none', ...(baseUrl && { baseUrl }) }
  return {
    role: values.ROLE,
    ...((apiKey || baseUrl) && {
      model: { ...server, names, ...(small && { small }), ...(transcribe && { transcribe }), ...(embed && { embed }) },
    }),
    modelUrls: values.MODEL_BASE_URLS ?? [],
    maxTools: values.MAX_TOOLS,
    ...(values.TELEGRAM_TOKEN && {
      telegram: {
        token: values.TELEGRAM_TOKEN,
        ...(apiRoot && { apiRoot: apiRoot.replace(/\/+$/, '') }),
        ...(url && secret && { webhook: { url, secret } }),
        perSecond: values.TELEGRAM_PER_SECOND,
        ...(values.TELEGRAM_RICH !== 'off' && { rich: values.TELEGRAM_RICH }),
      },
    }),
    ...(values.DISCORD_TOKEN && {
      discord: {
        token: values.DISCORD_TOKEN,
        messageContent: values.DISCORD_MESSAGE_CONTENT === 'on',
        ...(apiUrl && { apiUrl: apiUrl.replace(/\/+$/, '') }),
      },
    }),
    web: {
      ...{ host: values.HOST, port: values.PORT, apiKeys: values.HTTP_API_KEYS ?? [] },
      ...{ perMinute: values.HTTP_PER_MINUTE, corsOrigins: values.CORS_ORIGINS ?? [] },
    },
    sessionsPerKey: values.HTTP_SESSIONS_PER_KEY,
    ...(values.PUBLIC_URL && { publicUrl: values.PUBLIC_URL }),
    ...(values.SECRET_KEY && { secretKey: values.SECRET_KEY }),
    allowPrivateHosts: values.ALLOW_PRIVATE_HOSTS ?? [],
    ...(values.REDIS_URL && { redisUrl: values.REDIS_URL }),
    dataDir: resolve(folder, values.DATA_DIR),
    skillsDir: resolve(folder, values.SKILLS_DIR),
    concurrency: values.CONCURRENCY,
    budgets: { person: values.PERSON_PER_DAY ?? {}, place: values.CHAT_PER_DAY ?? {}, house: values.ALL_PER_DAY ?? {} },
    turn: { seconds: values.TURN_SECONDS, tokens: values.TURN_TOKENS },
    drainMs: values.DRAIN_SECONDS * 1000,
    locale: values.DEFAULT_LOCALE,
    admins: values.ADMINS ?? [],
    logLevel: values.LOG_LEVEL,
    ...(values.OTEL_EXPORTER_OTLP_ENDPOINT && {
      traces: {
        endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
        headers: values.OTEL_EXPORTER_OTLP_HEADERS ?? {},
        service: values.OTEL_SERVICE_NAME,
      },
    }),
  }
}
