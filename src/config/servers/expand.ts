import { homedir } from 'node:os'
import { basename, sep } from 'node:path'

export type Env = Record<string, string | undefined>

/** What VS Code asks its user for. */
export interface Input {
  id: string
  default?: string
}

/** Fills in variables, and remembers what it could not. */
export interface Expander {
  text(value: string): string
  /** As `text`; `$NAME` counts too, as in Gemini CLI. For values of environment variables alone: passwords hold dollars. */
  envValue(value: string): string
  /** The value of the variable itself. */
  variable(name: string): string
  /** Variables without a value or a default. */
  readonly missing: Set<string>
  /** Placeholders of other clients whose values nobody here has. */
  readonly foreign: Set<string>
}

/** `$$` · `${file:…}` and the like · `${input:id}` · `${NAME}`, `${NAME:-default}`, `${env:NAME}` · opencode's `{env:NAME}`. */
const places =
  /(?<dollar>\$\$)|(?<foreign>\$\{(?:file|command|config):[^}]*\})|\$\{input:(?<input>[\w.-]+)\}|\$\{(?:env:)?(?<name>\w+)(?::-(?<fallback>[^}]*))?\}|(?<!\$)\{env:(?<braced>\w+)\}/
const everywhere = new RegExp(places, 'g')
const inEnvironment = new RegExp(`${places.source}|\\$(?<bare>[A-Za-z_]\\w*)`, 'g')

/** Empty counts as unset. */
export function createExpander(env: Env, folder: string, inputs: Input[] = []): Expander {
  const missing = new Set<string>()
  const foreign = new Set<string>()
  const named: Record<string, string | undefined> = {
    workspaceFolder: folder,
    workspaceFolderBasename: basename(folder),
    cwd: folder,
    userHome: env['HOME'] ?? homedir(),
    pathSeparator: sep,
  }

  function look(name: string, fallback: string | undefined, whole: string): string {
    const found = env[name] || (fallback ?? named[name])
    if (found === undefined) missing.add(name)
    return found ?? whole
  }

  function fill(whole: string, groups: Record<string, string | undefined>, value: string): string {
    const { dollar, foreign: other, input, name, fallback, braced, bare } = groups
    if (dollar) return '$'
    if (other) foreign.add(other)
    if (input) return look(inputVariable(input), inputs.find(({ id }) => id === input)?.default, whole)
    if (bare && !env[bare] && whole !== value) return whole // a dollar within a password
    const wanted = name ?? braced ?? bare
    return wanted === undefined ? whole : look(wanted, fallback, whole)
  }

  const expand = (pattern: RegExp) => (value: string) =>
    value.replace(pattern, (whole: string, ...rest: unknown[]) => fill(whole, rest.at(-1) as Record<string, string>, value))
  return {
    text: expand(everywhere),
    envValue: expand(inEnvironment),
    variable: name => look(name, undefined, ''),
    missing,
    foreign,
  }
}

/** `perplexity-key` is asked of MCP_INPUT_PERPLEXITY_KEY. */
function inputVariable(id: string): string {
  return `MCP_INPUT_${id.replace(/\W/g, '_').toUpperCase()}`
}
