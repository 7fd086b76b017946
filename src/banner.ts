import type { Config } from './config/config.ts'
import type { ServerStatus } from './toolbox.ts'

export interface BannerFacts {
  config: Config
  /** Address of the web door, when it is open. */
  webUrl: string | undefined
  model: string
  /** Absent in a gateway: its tools are at the workers. */
  servers: ServerStatus[] | undefined
  seconds: number
}

/** What an operator sees at start: which doors are open, which are not and how to open them, what answers, and with which tools. */
export function banner({ config, webUrl, model, servers, seconds }: BannerFacts): string {
  const lines: [string, string][] = []
  if (config.role !== 'worker') {
    lines.push(['Web', webUrl ?? 'closed'])
    lines.push(['Telegram', config.telegram ? 'open' : 'closed: put TELEGRAM_TOKEN into .env (@BotFather gives one)'])
    lines.push(['Discord', config.discord ? 'open' : 'closed: put DISCORD_TOKEN into .env (discord.com/developers, "Bot")'])
    lines.push(['Terminal', 'npm run chat'])
  }
  if (config.role !== 'gateway') {
    lines.push(['Model', config.model ? model : `${model}: put OPENAI_API_KEY, or OPENAI_BASE_URL, into .env for a real one`])
    const list = servers?.map(describeServer) ?? []
    lines.push(
      ['Servers', list[0] ?? 'none: add MCP servers to servers.config.json'],
      ...[...list.slice(1), ...config.servers.warnings].map((line): [string, string] => ['', line]),
    )
  }
  const title = `Bellhop is up as ${config.role === 'all' ? 'gateway and worker' : config.role} (${seconds.toFixed(1)} s)`
  return [title, ...lines.map(([name, value]) => `  ${name.padEnd(10)}${value}`)].join('\n')
}

function describeServer({ name, state, tools, error }: ServerStatus): string {
  if (state === 'active') return `${name}: ${tools} tools`
  return `${name}: ${state}${error ? `, ${error}` : ''}`
}
