import { type APIApplication, type APIGatewayBotInfo, type APIUser, ApplicationFlags, DefaultUserAgent, Routes } from 'discord.js'
import type { Checkup, Finding } from '../../src/adapter.ts'
import { reason } from '../../src/log.ts'
import { tokenRefused } from './calls.ts'
import { inviteLink } from './invite.ts'

export interface DiscordCheckOptions {
  token: string
  /** Another server of the API, such as `http://127.0.0.1:8080/api`. */
  apiUrl?: string
  /** Whether the house asks for what people say without a mention. */
  messageContent: boolean
  /** In milliseconds since 1970. */
  now?(): number
}

export interface DiscordCheckup extends Checkup {
  /** By which the bot is added to a server; absent when Discord did not say who it is. */
  invite?: string
}

const about = 'Discord'
const portal = 'https://discord.com/developers/applications'
const callMs = 10_000
/** Discord gives a bot 1000 a day, and resets the token of one that uses up more ("Session Start Limit Object"). */
const fewStarts = 20
/** Above this many servers a connection is refused ("Sharding"). */
const mostServers = 2500

/** Asks Discord what it knows of the bot and of how it is set up in the developer portal. Changes nothing there. Never rejects. */
export async function checkDiscord(options: DiscordCheckOptions): Promise<DiscordCheckup> {
  try {
    const me = await ask<APIUser>(options, Routes.user())
    const clock = me.aheadMs === undefined ? {} : { aheadMs: me.aheadMs }
    if (me.status === 401)
      return { ...clock, findings: [{ state: 'broken', about, found: 'DISCORD_TOKEN is refused (401)', fix: tokenRefused }] }
    if (!me.body) return { ...clock, findings: [trouble(`it answered ${me.status} where it should say who the bot is`)] }
    const [app, gateway] = await Promise.all([
      ask<APIApplication>(options, Routes.currentApplication()),
      ask<APIGatewayBotInfo>(options, Routes.gatewayBot()),
    ])
    const signedIn: Finding = { state: 'good', about, found: `signed in as ${me.body.username}` }
    const findings = [signedIn, ...ofApplication(app.body, options.messageContent), ...ofGateway(gateway.body)]
    return { ...clock, findings, ...(app.body && { invite: inviteLink(app.body.id) }) }
  } catch (error) {
    return { findings: [trouble(`it cannot be reached: ${reason(error)}`)] }
  }
}

function trouble(found: string): Finding {
  return { state: 'broken', about, found, fix: 'look at the network, at DISCORD_API_URL if it is set, and at discordstatus.com' }
}

interface Told<Body> {
  status: number
  /** Absent where the status is none of success. */
  body?: Body
  aheadMs?: number
}

async function ask<Body>({ token, apiUrl, now = Date.now }: DiscordCheckOptions, route: string): Promise<Told<Body>> {
  const response = await fetch(`${apiUrl ?? 'https://discord.com/api'}/v10${route}`, {
    headers: { authorization: `Bot ${token}`, 'user-agent': DefaultUserAgent },
    signal: AbortSignal.timeout(callMs),
  })
  const date = Date.parse(response.headers.get('date') ?? '')
  const clock = Number.isNaN(date) ? {} : { aheadMs: now() - date }
  if (response.ok) return { status: response.status, body: (await response.json()) as Body, ...clock }
  await response.body?.cancel()
  return { status: response.status, ...clock }
}

function ofApplication(app: APIApplication | undefined, wantsContent: boolean): Finding[] {
  if (!app)
    return [{ state: 'doubtful', about, found: 'it does not tell how the application is set up', fix: `look at ${portal}` }]
  const findings = [ofIntent(app.flags ?? 0, wantsContent)]
  if (app.interactions_endpoint_url)
    findings.push({
      state: 'broken',
      about,
      found: 'commands and buttons go to an Interactions Endpoint URL, so that the bot never hears of them',
      fix: `empty that field at ${portal} (General Information)`,
    })
  const servers = app.approximate_guild_count
  if (servers === 0)
    findings.push({ state: 'doubtful', about, found: 'the bot is in no server yet', fix: `add it by ${inviteLink(app.id)}` })
  else if (servers !== undefined)
    findings.push({
      state: servers < mostServers ? 'good' : 'broken',
      about,
      found: `the bot is in about ${servers} server${servers === 1 ? '' : 's'}`,
      ...(servers >= mostServers && { fix: 'one connection takes 2500; give some of them a second bot and a second Bellhop' }),
    })
  return findings
}

/** Limited: of a bot in fewer servers than Discord looks at closely; the intent is the same. */
function ofIntent(flags: number, wanted: boolean): Finding {
  const { GatewayMessageContent, GatewayMessageContentLimited } = ApplicationFlags
  const granted = (flags & (GatewayMessageContent | GatewayMessageContentLimited)) !== 0
  if (wanted && !granted)
    return {
      state: 'broken',
      about,
      found: 'DISCORD_MESSAGE_CONTENT is on, but the bot may not have the Message Content intent (close code 4014)',
      fix: `switch on "Message Content Intent" at ${portal} (Bot → Privileged Gateway Intents), or set DISCORD_MESSAGE_CONTENT=off`,
    }
  if (wanted) return { state: 'good', about, found: 'hears all that is said where it is (Message Content intent)' }
  return {
    state: 'good',
    about,
    found: 'hears mentions, replies to it, DMs and commands; no privileged intent is needed for that',
  }
}

function ofGateway(gateway: APIGatewayBotInfo | undefined): Finding[] {
  const { remaining = mostServers, reset_after: resetMs = 0 } = gateway?.session_start_limit ?? {}
  if (remaining > fewStarts) return []
  return [
    {
      state: remaining === 0 ? 'broken' : 'doubtful',
      about,
      found: `only ${remaining} connections are left for today; who uses up more has his token reset`,
      fix: `find out what restarts the bot again and again; there are new ones in ${Math.ceil(resetMs / 3_600_000)} hours`,
    },
  ]
}
