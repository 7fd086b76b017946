import { type Place, paceOf } from './arrivals.ts'
import { type Assumed, limits } from './assumptions.ts'

const daySeconds = 86_400

/** What a bot has to do in each second of a day. */
export interface Load {
  servers: number
  groups: number
  discord: Calls
  telegram: Calls
  turns: Uint32Array
  /** Turns outstanding. */
  open: Uint32Array
  /** CPU of workers, ms. */
  workMs: Float64Array
  /** Messages that are heard, whether or not the bot is meant, in each hour. */
  heard: Float64Array
  /** Turns in Telegram groups, and how many of those in a minute in which their group had more than its 20 calls. */
  groupTurns: number
  crowdedTurns: number
}

/** Calls of one platform in each second: what a person waits for (the post, the last words), and edits that show progress. */
export interface Calls {
  urgent: Uint32Array
  edits: Uint32Array
}

/** The post when it begins, the last words when it ends; "typing…" is shown only where the post is late. */
const [callsAtStart, callsAtEnd] = [1, 1]

export function emptyLoad(): Load {
  const calls = () => ({ urgent: new Uint32Array(daySeconds), edits: new Uint32Array(daySeconds) })
  return {
    ...{ servers: 0, groups: 0, groupTurns: 0, crowdedTurns: 0 },
    discord: calls(),
    telegram: calls(),
    turns: new Uint32Array(daySeconds),
    open: new Uint32Array(daySeconds),
    workMs: new Float64Array(daySeconds),
    heard: new Float64Array(24),
  }
}

export function addServer(load: Load, place: Place, assumed: Assumed): void {
  load.servers++
  addPlace(load, place, assumed, load.discord, limits.discord.editSeconds)
}

export function addGroup(load: Load, place: Place, assumed: Assumed): void {
  load.groups++
  addPlace(load, place, assumed, load.telegram, limits.telegram.editSeconds)
  const minutes = new Map<number, number>()
  const note = (second: number, calls: number) => {
    const minute = Math.floor((second % daySeconds) / 60)
    minutes.set(minute, (minutes.get(minute) ?? 0) + calls)
  }
  for (const { at, seconds } of place.turns) {
    note(at, callsAtStart)
    note(at + seconds, callsAtEnd)
  }
  const isCrowded = (at: number) => (minutes.get(Math.floor(at / 60)) ?? 0) > limits.telegram.perGroupMinute
  load.groupTurns += place.turns.length
  load.crowdedTurns += place.turns.filter(({ at }) => isCrowded(at)).length
}

function addPlace(load: Load, place: Place, assumed: Assumed, calls: Calls, editSeconds: number): void {
  const pace = paceOf(assumed.peak)
  for (let hour = 0; hour < 24; hour++) {
    const own = (hour + 0.5 + place.ahead + 24) % 24
    load.heard[hour] = (load.heard[hour] ?? 0) + (place.messagesPerDay / 24) * pace(own * 3600)
  }
  for (const { at, seconds } of place.turns) {
    const [from, until] = [Math.floor(at), Math.floor(at + seconds)]
    add(load.turns, from, 1)
    add(load.workMs, from, assumed.turnMs)
    add(calls.urgent, from, callsAtStart)
    add(calls.urgent, until, callsAtEnd)
    for (let second = from; second <= until; second++) add(load.open, second, 1)
    for (let edit = at + editSeconds; edit < at + seconds; edit += editSeconds) {
      add(calls.edits, Math.floor(edit), 1)
      add(load.workMs, Math.floor(edit), assumed.editMs)
    }
  }
}

function add(seconds: Uint32Array | Float64Array, at: number, count: number): void {
  const second = at % daySeconds
  seconds[second] = (seconds[second] ?? 0) + count
}
