import { z } from 'zod'

/** The words that clients have for a transport, and ours. `remote` is opencode's, which tries one way after the other. */
export const kinds = {
  stdio: 'stdio',
  local: 'stdio',
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  streamable_http: 'http',
  remote: 'auto',
  sse: 'sse',
} as const

const text = z.string('a text')
const texts = z.array(text, 'a list of texts')
const pairs = z.record(z.string(), text, 'an object of texts')
const toolNames = z.array(text, 'a list of tool names')
const flag = z.boolean('true or false')
const oneOf = <const T extends [string, ...string[]]>(values: T) => z.enum(values, `one of ${values.join(', ')}`)
const wholeNumber = (from: number, to: number, unit: string) => {
  const message = `a whole number of ${unit} from ${from} to ${to}`
  return z.number(message).int(message).min(from, message).max(to, message)
}
const dayMs = 86_400_000
const milliseconds = z
  .number('a number of milliseconds')
  .int('a whole number of milliseconds')
  .min(100, 'at least 100 milliseconds')
  .max(dayMs, 'at most one day')
const seconds = z.number('a number of seconds').min(0.1, 'at least 0.1 seconds').max(86_400, 'at most one day')

/** Scopes are a list here, and one text with spaces between in RFC 6749, Claude Code and opencode. */
const scopes = z.union([texts, text], 'a list of texts, or one text with spaces between')
const oauthSchema = z.looseObject({
  enabled: flag.optional(),
  clientId: text.optional(),
  clientSecret: text.optional(),
  scopes: scopes.optional(),
  scope: text.optional(),
})
const authSchema = oauthSchema.extend({
  type: oneOf(['none', 'bearer', 'oauth', 'client_credentials', 'private_key_jwt', 'ema', 'wif']).optional(),
  token: text.optional(),
  issuer: text.describe('The only authorization server that is shown the secret').optional(),
  dpop: flag.describe('Bind tokens to a key (RFC 9449)').optional(),
  privateKey: text.describe('PKCS #8, for private_key_jwt').optional(),
  privateKeyFile: text.describe('The file in which it stands').optional(),
  algorithm: text.describe('Of the key, such as ES256').optional(),
  assertion: text.describe('What the platform says of the bot (a JWT), for wif').optional(),
  assertionFile: text.describe('The file in which it stands, read anew each time').optional(),
  idp: z
    .looseObject({
      issuer: text.optional(),
      tokenEndpoint: text.describe('When its metadata does not say').optional(),
      clientId: text.optional(),
      clientSecret: text.optional(),
      idToken: text.optional(),
      idTokenFile: text.describe('The file in which it stands, read anew each time').optional(),
    })
    .describe("The company's identity provider, for ema")
    .optional(),
  CLIENT_ID: text.optional(),
  CLIENT_SECRET: text.optional(),
})

const says = <T extends z.ZodType>(schema: T, about: string) => schema.optional().describe(about)

const reaching = {
  type: says(oneOf(Object.keys(kinds) as [keyof typeof kinds]), 'How to reach it; found out from the other keys when absent'),
  transport: says(oneOf(Object.keys(kinds) as [keyof typeof kinds]), 'Another name of `type`'),
  command: says(
    z.union([text, texts.min(1, 'a program')], 'a text, or a list of texts'),
    'The program to start; never through a shell',
  ),
  args: says(texts, 'What the program is given'),
  env: says(
    pairs,
    'Environment variables of the program; nothing else of the environment of the bot but PATH, HOME and the like',
  ),
  environment: says(pairs, 'Another name of `env` (opencode)'),
  env_vars: says(texts, 'Names of variables that are passed on from the environment of the bot (Codex)'),
  envFile: says(text, 'A file of NAME=value lines; `env` wins over it'),
  cwd: says(text, 'The folder of the program; that of the bot when absent'),
  url: says(text, 'Address: Streamable HTTP is tried first, then SSE'),
  serverUrl: says(text, 'Another name of `url` (Windsurf)'),
  httpUrl: says(text, 'Address of Streamable HTTP (Gemini CLI)'),
  preferSse: says(flag, 'The address is one of SSE (mcp-use)'),
  headers: says(pairs, 'Sent with every request'),
  http_headers: says(pairs, 'Another name of `headers` (Codex)'),
  env_http_headers: says(pairs, 'Headers whose values are names of environment variables (Codex)'),
}

const signingIn = {
  auth: says(
    z.union([z.enum(['oauth', 'none']), authSchema], '"oauth", "none" or an object'),
    'How to sign in; OAuth when absent, once the server asks for it',
  ),
  oauth: says(z.union([flag, oauthSchema], 'true, false or an object'), 'The OAuth client to be; false never signs in'),
  auth_token: says(text, 'A token that is sent as `Authorization: Bearer` (mcp-use)'),
  authToken: says(text, 'Another name of `auth_token` (mcp-use)'),
  bearer_token_env_var: says(text, 'Name of the environment variable that holds such a token (Codex)'),
}

const waiting = {
  connectMs: says(milliseconds, 'Give up connecting after this long; 15 s when absent'),
  callMs: says(milliseconds, 'Give up a call after this long without progress; 60 s when absent'),
  maxCallMs: says(milliseconds, 'Give up a call after this long whatever happens; 10 min when absent'),
  idleMs: says(milliseconds, 'Close the connection after this long without a call; never when absent'),
  timeout: says(
    z.union(
      [z.number().positive().max(dayMs), z.looseObject({ startup: milliseconds.optional(), request: milliseconds.optional() })],
      'a number of at most one day, or an object with startup and request in milliseconds',
    ),
    'For a call. Below 1000 seconds (Cline, Roo), else milliseconds (Claude Code, Gemini CLI, opencode); `callMs` leaves no doubt',
  ),
  startup_timeout_sec: says(seconds, 'As `connectMs`, in seconds (Codex)'),
  startup_timeout_ms: says(milliseconds, 'Another name of `connectMs` (Codex)'),
  tool_timeout_sec: says(seconds, 'As `callMs`, in seconds (Codex)'),
  tool_timeout: says(seconds, 'As `callMs`, in seconds (nanobot)'),
  toolTimeout: says(seconds, 'As `callMs`, in seconds (nanobot)'),
}

const choosing = {
  includeTools: says(toolNames, 'The tools to offer; all when absent'),
  enabledTools: says(toolNames, 'Another name of `includeTools` (nanobot)'),
  enabled_tools: says(toolNames, 'Another name of `includeTools` (Codex, nanobot)'),
  tools: says(toolNames, 'Another name of `includeTools`; "*" means all (Copilot)'),
  excludeTools: says(toolNames, 'Tools not to offer; stronger than `includeTools`'),
  disabledTools: says(toolNames, 'Another name of `excludeTools`'),
  disabled_tools: says(toolNames, 'Another name of `excludeTools` (Codex)'),
  autoApprove: says(toolNames, 'Tools that run without anybody being asked; "*" means all'),
  alwaysAllow: says(toolNames, 'Another name of `autoApprove` (Roo, Kilo)'),
  permissions: says(
    z.record(z.string(), oneOf(['allow', 'ask', 'deny']), 'an object of allow, ask or deny by tool name'),
    'Whether a tool runs, is asked about, or is not run; "*" is for those that are not named',
  ),
  trust: flag.default(false).describe('Believe what this server says of its tools, such as that one only reads'),
}

const behaving = {
  description: says(text, 'What it is for, in a few words'),
  cacheTtlMs: wholeNumber(0, dayMs, 'milliseconds')
    .default(0)
    .describe('How long the result of a tool that only reads may be given again; 0: never'),
  toolCacheMs: z
    .record(z.string(), wholeNumber(0, dayMs, 'milliseconds'), 'an object of milliseconds by tool name')
    .default({})
    .describe('As `cacheTtlMs`, for single tools'),
  maxConcurrency: wholeNumber(1, 1000, 'calls').default(8).describe('How many calls run side by side'),
  result: oneOf(['markdown', 'json', 'plain']).default('markdown').describe('How the result of a tool is written for the model'),
  era: oneOf(['auto', 'legacy', '2026-07-28'])
    .default('auto')
    .describe('Which protocol to speak: the newest that it knows, or only those before 2026, or only that of 2026-07-28'),
  limits: says(
    z.looseObject({ resultBytes: wholeNumber(1000, 1_000_000_000, 'bytes').optional() }),
    'The most that one message of it may have: 32 MB when absent',
  ),
  roots: texts.default([]).describe('Folders that it may be told of; relative to that of the bot'),
  sampling: flag.default(false).describe('It may ask the model, at your cost'),
  elicitation: flag.default(true).describe('It may ask the person who called it'),
}

/** One entry, with the keys of every client that is known. Another key disables nothing and is told as a warning. */
export const entrySchema = z
  .looseObject({
    ...reaching,
    ...signingIn,
    ...waiting,
    ...choosing,
    ...behaving,
    disabled: says(flag, 'Switched off'),
    enabled: says(flag, 'False: switched off'),
  })
  .meta({ id: 'server' })
export type Entry = z.infer<typeof entrySchema>

/** An unknown value as an object; undefined for lists and everything else. */
export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

/** Keys of the entry that nothing reads, as paths below it. */
export function unreadKeys(entry: Entry): string[] {
  const inside = (name: string, value: unknown, schema: z.ZodObject) =>
    Object.keys(asObject(value) ?? {})
      .filter(key => !(key in schema.shape))
      .map(key => `${name}.${key}`)
  return [
    ...Object.keys(entry).filter(key => !(key in entrySchema.shape)),
    ...inside('auth', entry.auth, authSchema),
    ...inside('oauth', entry.oauth, oauthSchema),
  ]
}

const fileSchema = () => {
  const entries = z.record(z.string(), entrySchema)
  const input = z.looseObject({ id: text, default: text.optional() }).describe('Its value comes from MCP_INPUT_<ID>')
  return z.looseObject({
    $schema: text.optional(),
    inputs: says(z.array(input), 'What `input` placeholders stand for (VS Code)'),
    mcpServers: says(entries, 'One entry a server'),
    mcp_servers: says(entries, 'Another name of `mcpServers` (Codex, written as JSON)'),
    servers: says(entries, 'Another name of `mcpServers` (VS Code)'),
    mcp: says(
      z.looseObject({ servers: entries.optional(), allowed: texts.optional(), excluded: texts.optional() }),
      'Another name of `mcpServers` (opencode); or which of them to take (Gemini CLI)',
    ),
    tools: says(z.looseObject({ mcpServers: entries.optional() }), 'Where nanobot has its `mcpServers`'),
  })
}

/** The text of docs/servers.schema.json. */
export function jsonSchema(): string {
  const schema = z.toJSONSchema(fileSchema(), { target: 'draft-7', io: 'input' })
  const title = 'servers.config.json of Bellhop: the MCP servers whose tools it has'
  return `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`
}
