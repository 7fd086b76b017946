import { placeOf } from './arrivals.ts'
import { type Assumed, limits } from './assumptions.ts'
import { addGroup, addServer, type Calls, emptyLoad, type Load } from './load.ts'

/** The second that is busier than 999 of 1,000: 86 in a day are busier still. */
const busyShare = 0.999
const perThousandGroups = 1_000_000_000

/** Grows from nothing to so many servers, with the groups that belong to them, and stops at each of these sizes. */
export function* grow(sizes: number[], assumed: Assumed, seed: number): Generator<Load> {
  const load = emptyLoad()
  for (const size of sizes) {
    while (load.servers < size) addServer(load, placeOf(load.servers, seed, assumed), assumed)
    const groups = Math.round(size * assumed.groupsPerServer)
    while (load.groups < groups) addGroup(load, placeOf(perThousandGroups + load.groups, seed, assumed), assumed)
    yield load
  }
}

/** The load of so many servers. */
export function loadOf(servers: number, assumed: Assumed, seed: number): Load {
  for (const load of grow([servers], assumed, seed)) return load
  return emptyLoad()
}

export interface Figures {
  turnsPerDay: number
  turnsMean: number
  /** Of the busiest hour, and of a second that few are busier than. */
  turnsHour: number
  turnsBusy: number
  openBusy: number
  discordUrgent: number
  discordAll: number
  telegramUrgent: number
  telegramAll: number
  /** Seconds that last words wait at worst, when calls go out at the house's own pace. */
  discordWait: number
  telegramWait: number
  /** Of the edits that show progress, the share for which there is room. */
  discordShown: number
  telegramShown: number
  crowded: number
  workCores: number
  gatewayCores: number
  redisCores: number
}

export function figuresOf(load: Load, assumed: Assumed): Figures {
  const turnsPerDay = sum(load.turns)
  const turnsBusy = busy(load.turns)
  const { discord, telegram } = limits
  return {
    turnsPerDay,
    turnsMean: turnsPerDay / load.turns.length,
    turnsHour: busiestHour(load.turns) / 3600,
    turnsBusy,
    openBusy: busy(load.open),
    discordUrgent: busy(load.discord.urgent),
    discordAll: busy(both(load.discord)),
    telegramUrgent: busy(load.telegram.urgent),
    telegramAll: busy(both(load.telegram)),
    discordWait: longestWait(load.discord.urgent, discord.ownPerSecond),
    telegramWait: longestWait(load.telegram.urgent, telegram.ownPerSecond),
    discordShown: shareShown(load.discord, discord.ownPerSecond),
    telegramShown: shareShown(load.telegram, telegram.ownPerSecond),
    crowded: load.groupTurns > 0 ? load.crowdedTurns / load.groupTurns : 0,
    workCores: busy(load.workMs) / 1000,
    gatewayCores: (Math.max(...load.heard) / 3600) * (assumed.heardMs / 1000),
    redisCores: (turnsBusy * assumed.redisMs) / 1000,
  }
}

/** What that takes. */
export function needOf(servers: number, figures: Figures) {
  const { discord, telegram, concurrency, coreShare } = limits
  return {
    discordTokens: Math.max(
      Math.ceil(servers / discord.serversPerConnection),
      Math.ceil(figures.discordUrgent / discord.ownPerSecond),
    ),
    telegramTokens: Math.ceil(figures.telegramUrgent / telegram.ownPerSecond),
    workers: Math.max(1, Math.ceil(figures.openBusy / concurrency), Math.ceil(figures.workCores / coreShare)),
  }
}

/** What can give way, and how near it is: 1 is where it does. */
export const breaks: Record<string, (load: Load, figures: Figures) => number> = {
  'one connection to Discord (2,500 servers)': ({ servers }) => servers / limits.discord.serversPerConnection,
  'live edits on Discord thin out (all calls against 40 a second)': (_, { discordAll }) =>
    discordAll / limits.discord.ownPerSecond,
  'last words on Discord wait (urgent calls against 40 a second)': (_, { discordUrgent }) =>
    discordUrgent / limits.discord.ownPerSecond,
  'live edits on Telegram thin out (all calls against 25 a second)': (_, { telegramAll }) =>
    telegramAll / limits.telegram.ownPerSecond,
  'last words on Telegram wait (urgent calls against 25 a second)': (_, { telegramUrgent }) =>
    telegramUrgent / limits.telegram.ownPerSecond,
  'one worker has no free place (32 conversations)': (_, { openBusy }) => openBusy / limits.concurrency,
  'one worker has no CPU left (70 % of a core)': (_, { workCores }) => workCores / limits.coreShare,
  'the gateway has no CPU left (70 % of a core)': (_, { gatewayCores }) => gatewayCores / limits.coreShare,
  'Redis has no CPU left (70 % of a core)': (_, { redisCores }) => redisCores / limits.coreShare,
}

/** At how many servers each gives way, between steps of a quarter in proportion; absent where it never does below `most`. `isEnough` may end it sooner. */
export function breakingPoints(
  assumed: Assumed,
  seed: number,
  most: number,
  isEnough = (_found: Map<string, number>) => false,
): Map<string, number> {
  const found = new Map<string, number>()
  const before = new Map<string, { size: number; near: number }>()
  for (const load of grow(steps(most), assumed, seed)) {
    const figures = figuresOf(load, assumed)
    for (const [name, nearness] of Object.entries(breaks)) {
      if (found.has(name)) continue
      const [near, size] = [nearness(load, figures), load.servers]
      const last = before.get(name) ?? { size: 0, near: 0 }
      before.set(name, { size, near })
      if (near > 1) found.set(name, round(last.size + ((1 - last.near) / (near - last.near)) * (size - last.size)))
    }
    if (found.size === Object.keys(breaks).length || isEnough(found)) break
  }
  return found
}

function steps(most: number): number[] {
  const sizes: number[] = []
  for (let size = 100; size <= most; size *= 1.25) sizes.push(round(size))
  return sizes
}

/** Two digits. */
function round(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.round(value / unit) * unit
}

const sum = (values: Uint32Array) => values.reduce((all, value) => all + value, 0)
const both = ({ urgent, edits }: Calls) => urgent.map((calls, second) => calls + (edits[second] ?? 0))
const busy = (values: Uint32Array | Float64Array) => values.toSorted()[Math.floor(values.length * busyShare)] ?? 0

function busiestHour(values: Uint32Array): number {
  const hours = Array.from({ length: 24 }, (_, hour) => sum(values.subarray(hour * 3600, (hour + 1) * 3600)))
  return Math.max(...hours)
}

/** First come, first served. */
function longestWait(calls: Uint32Array, perSecond: number): number {
  let [queued, longest] = [0, 0]
  for (const count of calls) {
    queued = Math.max(0, queued + count - perSecond)
    longest = Math.max(longest, queued / perSecond)
  }
  return longest
}

function shareShown({ urgent, edits }: Calls, perSecond: number): number {
  let shown = 0
  for (const [second, wanted] of edits.entries()) shown += Math.min(wanted, Math.max(0, perSecond - (urgent[second] ?? 0)))
  const wanted = sum(edits)
  return wanted > 0 ? shown / wanted : 1
}
