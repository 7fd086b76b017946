import { setTimeout as sleep } from 'node:timers/promises'
import type { DiscordWire } from '../wire/discord.ts'
import type { Trouble as DiscordTrouble } from '../wire/discord-http.ts'
import type { TelegramWire } from '../wire/telegram.ts'
import type { Fault } from '../wire/telegram-faults.ts'
import type { Crew } from './crew.ts'
import type { People } from './people.ts'
import type { Random } from './random.ts'
import type { ChaosRedis } from './redis.ts'

export const troubleKinds = [
  'kill',
  'term',
  'stop',
  'redis',
  'limit',
  'fail',
  'drop',
  'slow',
  'double',
  'edit',
  'delete',
] as const
export type TroubleKind = (typeof troubleKinds)[number]

/** How often each thing was done. */
export type Tally = Record<TroubleKind, number>

export interface TroubleOptions {
  kinds: TroubleKind[]
  killEveryMs: number
  seconds: number
  random: Random
  crew: Crew
  redis: ChaosRedis
  people: Pick<People, 'change'>
  telegram: TelegramWire
  discord: DiscordWire
  note(event: string): void
}

/** Every so often something breaks on a wire, each kind by itself; and as often people change what they said. */
const wireEveryMs = 3000

/** Makes trouble until the signal ends it, and leaves Redis running. */
export async function makeTrouble(options: TroubleOptions, signal: AbortSignal): Promise<Tally> {
  const { kinds, random } = options
  const tally: Tally = Object.fromEntries(troubleKinds.map(kind => [kind, 0])) as Tally
  async function every(meanMs: number, work: (random: Random) => Promise<TroubleKind | undefined> | TroubleKind | undefined) {
    const own = random.branch()
    while (!signal.aborted) {
      await sleep(own.around(meanMs), undefined, { signal }).catch(() => {})
      const kind = signal.aborted ? undefined : await work(own)
      if (kind) tally[kind]++
    }
  }
  const ofProcesses = kinds.filter(kind => kind === 'kill' || kind === 'term' || kind === 'stop')
  const ofWires = kinds.filter(kind => kind in wireTroubles)
  const ofPeople = kinds.filter(kind => kind === 'edit' || kind === 'delete')
  await Promise.all([
    ...(ofProcesses.length > 0 ? [every(options.killEveryMs, dice => hit(dice.pick(ofProcesses), dice, options))] : []),
    ...(kinds.includes('redis') ? [every((options.seconds * 1000) / 4, dice => breakRedis(dice, options))] : []),
    ...ofWires.map(kind => every(wireEveryMs, dice => disturb(kind, dice, options))),
    ...ofPeople.map(kind => every(wireEveryMs, dice => change(kind, dice, options))),
  ])
  return tally
}

function hit(kind: TroubleKind, random: Random, { crew }: TroubleOptions): TroubleKind | undefined {
  const able = crew.members.filter(({ state }) => (kind === 'stop' ? state === 'up' : state !== 'dead'))
  if (able.length === 0) return undefined
  const member = random.pick(able)
  if (kind === 'kill') member.kill()
  else if (kind === 'term') member.dismiss()
  else member.freeze(random.betweenAnyScale(1000, 60_000))
  return kind
}

function change(kind: 'edit' | 'delete', random: Random, { people, note }: TroubleOptions): TroubleKind | undefined {
  const what = people.change(kind, random)
  if (what === undefined) return undefined
  note(what)
  return kind
}

async function breakRedis(random: Random, { redis, note }: TroubleOptions): Promise<TroubleKind> {
  note('Redis is killed')
  await redis.kill()
  await sleep(random.betweenAnyScale(300, 4000))
  await redis.start()
  note('Redis is back')
  return 'redis'
}

/** What a kind is on either wire: some before the call has done its work, some after it. */
const wireTroubles: Partial<Record<TroubleKind, { telegram(random: Random): Fault; discord(random: Random): DiscordTrouble }>> = {
  limit: {
    telegram: random => ({ kind: 'limit', seconds: random.pick([1, 1, 2, 3, 5]) }),
    discord: random => ({ kind: '429', ms: random.between(300, 5000), global: random.chance(0.1) }),
  },
  fail: {
    telegram: random =>
      random.pick([{ kind: 'error', code: 502, description: 'Bad Gateway' }, { kind: 'lost' }, { kind: 'html' }] as const),
    discord: random => ({ kind: random.pick(['500', '500-after', 'html'] as const) }),
  },
  drop: {
    telegram: random => ({ kind: random.pick(['drop', 'cut'] as const) }),
    discord: random => ({ kind: random.pick(['drop', 'drop-after'] as const) }),
  },
  slow: {
    telegram: random => ({ kind: 'slow', ms: random.betweenAnyScale(200, 4000) }),
    discord: random => ({ kind: 'slow', ms: random.betweenAnyScale(200, 4000) }),
  },
  double: { telegram: () => ({ kind: 'slow', ms: 1 }), discord: () => ({ kind: 'slow', ms: 1 }) },
}

function disturb(kind: TroubleKind, random: Random, { telegram, discord, note }: TroubleOptions): TroubleKind | undefined {
  const onTelegram = random.chance(0.5)
  if (kind === 'double') {
    // Telegram delivers again what it was not sure to have delivered, but never before what was said earlier.
    if (onTelegram && telegram.unconfirmed().length > 0) return undefined
    if (onTelegram) telegram.repeat()
    else discord.redeliver()
    note(`the last event is delivered again on ${onTelegram ? 'Telegram' : 'Discord'}`)
    return kind
  }
  if (kind === 'drop' && random.chance(0.15)) {
    if (random.chance(0.7)) discord.gateway.drop()
    else discord.gateway.askReconnect()
    note('Discord’s gateway lets go')
    return kind
  }
  const trouble = wireTroubles[kind]
  if (onTelegram && trouble) {
    const method = random.pick(['sendMessage', 'editMessageText', 'editMessageText', 'getUpdates'])
    const fault = trouble.telegram(random)
    telegram.fail(fault, { method })
    note(`Telegram’s next ${method}: ${JSON.stringify(fault)}`)
  } else if (trouble) {
    const method = random.pick(['POST', 'PATCH', 'PATCH'])
    const fault = { ...trouble.discord(random), method, route: /\/messages/ }
    discord.misbehave(fault)
    note(`Discord’s next ${method}: ${fault.kind} ${fault.ms ?? ''}`)
  }
  return kind
}
