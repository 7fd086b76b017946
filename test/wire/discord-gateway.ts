import type { Server } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { snowflake, type WireMessage, type World } from './discord-world.ts'

/** The gateway's half of the wire: HELLO, IDENTIFY, READY, events, heartbeats, RESUME, and the ways in which it fails. */
export interface WireGateway {
  /** An event for every session that asked for its kind; sessions without a connection get it when they resume. */
  dispatch(type: string, data: object, intent?: number): void
  /** How many connections are open and identified. */
  connected(): number
  /** What the client said: one entry per frame. */
  readonly frames: { op: number; d: Record<string, unknown> }[]
  /** Cuts every connection: with a close code, or (without) as a network does. */
  drop(code?: number): void
  /** Asks every client to come back: opcode 7. */
  askReconnect(): void
  /** Opcode 9: the session is no longer valid. */
  invalidate(resumable: boolean): void
  /** Every IDENTIFY from now on is answered by closing with this code; `undefined` ends it. */
  refuseWith(code: number | undefined): void
  close(): Promise<void>
}

interface Session {
  id: string
  intents: number
  seq: number
  events: { op: 0; t: string; s: number; d: object }[]
  socket: WebSocket | undefined
  alive: boolean
}

export const intents = { guilds: 1 << 0, guildMessages: 1 << 9, directMessages: 1 << 12, messageContent: 1 << 15 }

export interface GatewayOptions {
  token: string
  /** Whether the application may read every message's text; asking for it without is close code 4014. */
  messageContent: boolean
  /** How long after READY a session is told of the guild. */
  guildMs: number
  url(): string
}

export function createWireGateway(server: Server, world: World, options: GatewayOptions): WireGateway {
  const sockets = new WebSocketServer({ server })
  const sessions = new Map<string, Session>()
  const frames: WireGateway['frames'] = []
  let refusal: number | undefined

  sockets.on('connection', socket => {
    let session: Session | undefined
    const say = (frame: object) => socket.send(JSON.stringify(frame))
    say({ op: 10, d: { heartbeat_interval: 41_250 } })
    socket.on('error', () => socket.terminate())
    socket.on('message', raw => {
      const { op, d } = JSON.parse(String(raw))
      frames.push({ op, d })
      if (op === 1) say({ op: 11 })
      if (op === 2) session = identify(socket, d)
      if (op === 6) session = resume(socket, d)
    })
    socket.on('close', code => {
      if (session?.socket === socket) session.socket = undefined
      if (session && (code === 1000 || code === 1001)) session.alive = false
    })
  })

  function identify(socket: WebSocket, d: { token: string; intents: number }): Session | undefined {
    const code =
      refusal ?? (d.token !== options.token ? 4004 : d.intents & intents.messageContent && !options.messageContent ? 4014 : 0)
    if (code) {
      socket.close(code)
      return undefined
    }
    const session: Session = { id: snowflake(), intents: d.intents, seq: 0, events: [], socket, alive: true }
    sessions.set(session.id, session)
    emit(session, 'READY', readyData(world, session.id, options.url()))
    const tellGuild = () => session.alive && emit(session, 'GUILD_CREATE', guildData(world))
    if (options.guildMs > 0) setTimeout(tellGuild, options.guildMs)
    else tellGuild()
    return session
  }

  function resume(socket: WebSocket, d: { token: string; session_id: string; seq: number }): Session | undefined {
    const session = sessions.get(d.session_id)
    if (!session?.alive || d.token !== options.token) {
      socket.send(JSON.stringify({ op: 9, d: false }))
      return undefined
    }
    session.socket = socket
    for (const event of session.events) if (event.s > d.seq) socket.send(JSON.stringify(event))
    emit(session, 'RESUMED', {})
    return session
  }

  function emit(session: Session, type: string, data: object): void {
    const event = { op: 0 as const, t: type, s: ++session.seq, d: data }
    session.events.push(event)
    session.socket?.send(JSON.stringify(event))
  }

  const open = () => [...sessions.values()].flatMap(session => (session.socket ? [session.socket] : []))
  return {
    frames,
    dispatch(type, data, intent = 0) {
      for (const session of sessions.values()) {
        if (session.alive && (intent === 0 || session.intents & intent)) emit(session, type, asSeen(session.intents, world, data))
      }
    },
    connected: () => open().length,
    drop(code) {
      for (const socket of open()) code ? socket.close(code) : socket.terminate()
    },
    askReconnect() {
      for (const socket of open()) socket.send(JSON.stringify({ op: 7, d: null }))
    },
    invalidate(resumable) {
      if (!resumable) for (const session of sessions.values()) session.alive = false
      for (const socket of open()) socket.send(JSON.stringify({ op: 9, d: resumable }))
    },
    refuseWith(code) {
      refusal = code
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      await new Promise(resolve => sockets.close(resolve))
    },
  }
}

/** Without the intent for message content, a guild's messages arrive empty unless they mention the bot or are its own. */
export function asSeen(granted: number, world: World, data: object): object {
  const message = data as WireMessage
  const hidden = 'content' in data && message.guild_id && !(granted & intents.messageContent)
  if (!hidden || message.author.id === world.bot.id || message.mentions.some(user => user.id === world.bot.id)) return data
  return { ...message, content: '', attachments: [], components: [] }
}

function readyData(world: World, sessionId: string, url: string): object {
  return {
    v: 10,
    user: world.bot,
    guilds: [{ id: world.guildId, unavailable: true }],
    session_id: sessionId,
    resume_gateway_url: url,
    application: { id: world.appId, flags: 0 },
    session_type: 'normal',
  }
}

/** What GUILD_CREATE tells: every channel, those among it that the bot may not see, and the active threads that it may. */
export function guildData(world: World): object {
  const all = [...world.channels.values()]
    .filter(channel => channel.guild_id)
    .map(channel => ({ ...channel, last_message_id: world.lastIn(channel.id) ?? null, flags: channel.hidden ? 1 << 17 : 0 }))
  return {
    id: world.guildId,
    name: 'Wire',
    owner_id: world.person.id,
    unavailable: false,
    member_count: 3,
    preferred_locale: 'en-US',
    features: [],
    roles: [{ id: world.guildId, name: '@everyone', permissions: '0', position: 0, color: 0, tags: {} }],
    channels: all.filter(channel => channel.type !== 11).map(channel => ({ ...channel, position: 0, permission_overwrites: [] })),
    threads: all.filter(channel => channel.type === 11 && !channel.archived && !channel.closed),
    ...Object.fromEntries(
      [
        'members',
        'emojis',
        'stickers',
        'voice_states',
        'presences',
        'stage_instances',
        'guild_scheduled_events',
        'soundboard_sounds',
      ].map(name => [name, []]),
    ),
  }
}
