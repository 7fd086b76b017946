import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { paceOf as discordPace } from '../adapters/discord/pace.ts'
import { paceOf as telegramPace } from '../adapters/telegram/pace.ts'
import { parts, withPart } from '../bench/page.ts'
import { breakingPoints, breaks, figuresOf, grow, loadOf, needOf } from '../bench/traffic/answer.ts'
import { daySeconds, paceOf, placeOf } from '../bench/traffic/arrivals.ts'
import { assume, assumptions, limits, names, zones } from '../bench/traffic/assumptions.ts'
import type { Load } from '../bench/traffic/load.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/performance.md'), 'utf8')
/** All places alike, so that a few of them are enough to be counted. */
const alike = assume({ spread: 0, messagesPerDay: 1000 })
const sum = (values: Iterable<number>) => [...values].reduce((all, value) => all + value, 0)
const [connection = '', liveEdits = ''] = Object.keys(breaks)

test.each(parts)('the page has a place for "%s", once, and nothing else is touched by what is written there', part => {
  const written = withPart(page, part, 'what was measured')
  expect(written).toContain(`<!-- ${part} -->\n\nwhat was measured\n\n<!-- /${part} -->`)
  expect(withPart(written, part, 'x')).toBe(withPart(page, part, 'x'))
  expect(() => withPart(`${page}<!-- ${part} -->`, part, '')).toThrow('once')
  expect(() => withPart(page.replace(`<!-- /${part} -->`, ''), part, '')).toThrow('once')
})

test('the page tells every assumption as the simulation makes it', () => {
  const rows = names.map(name => `| ${assumptions[name].what} | ${assumptions[name].value} | ${assumptions[name].source} |`)
  for (const row of rows) expect(page).toContain(row)
})

test('the same seed is the same day to the last call, and another seed another day', () => {
  const day = (seed: number) => loadOf(300, assume(), seed)
  expect(day(1)).toEqual(day(1))
  expect(day(2)).not.toEqual(day(1))
})

test('a larger world holds the smaller one: the first servers talk the same, whoever comes after them', () => {
  const [small, large] = [loadOf(100, alike, 1), loadOf(200, alike, 1)]
  expect(large.turns.every((count, second) => count >= (small.turns[second] ?? 0))).toBe(true)
  expect(sum(large.turns)).toBeGreaterThan(sum(small.turns))
  const [, grown] = [...grow([100, 200], alike, 1)]
  expect([grown?.discord, grown?.telegram, grown?.open]).toEqual([large.discord, large.telegram, large.open])
})

test('there are as many turns as messages, addressed, times turns of a talk', () => {
  const load = loadOf(400, alike, 1)
  const places = load.servers + load.groups
  expect([load.servers, load.groups]).toEqual([400, 100])
  expect(sum(load.turns) / (places * 1000 * 0.02 * 2.5)).toBeCloseTo(1, 1)
  expect(sum(load.heard) / (places * 1000)).toBeCloseTo(1, 2)
})

function everyCall(load: Load): { urgent: number; turns: number } {
  return { urgent: sum(load.discord.urgent) + sum(load.telegram.urgent), turns: sum(load.turns) }
}

test('a turn makes two urgent calls, an edit for each pause that it lasts longer, and is open for as long as it takes', () => {
  const one = assume({ spread: 0, messagesPerDay: 1000, groupsPerServer: 0 })
  const load = loadOf(50, one, 1)
  const turns = Array.from({ length: 50 }, (_, at) => placeOf(at, 1, one).turns).flat()
  const seconds = sum(turns.map(turn => turn.seconds))
  const { urgent, turns: count } = everyCall(load)
  expect([count, urgent]).toEqual([turns.length, 2 * turns.length])
  expect(sum(load.discord.edits)).toBe(sum(turns.map(turn => Math.ceil(turn.seconds / limits.discord.editSeconds) - 1)))
  expect(sum(load.open)).toBeGreaterThanOrEqual(seconds)
  expect(sum(load.open)).toBeLessThanOrEqual(seconds + 2 * count)
  expect(sum(load.workMs)).toBeCloseTo(count * one.turnMs + sum(load.discord.edits) * one.editMs, 3)
})

test.each([1.1, 1.8, 3.6])('a day whose liveliest hour is %f times the mean has just that peak, and the mean it should', peak => {
  const day = Array.from({ length: daySeconds / 60 }, (_, minute) => paceOf(peak)(minute * 60))
  expect(Math.max(...day)).toBeCloseTo(peak, 3)
  expect(sum(day) / day.length).toBeCloseTo(1, 3)
  expect(day.indexOf(Math.max(...day))).toBe(20 * 60)
})

test('what gives way, gives way at half as many servers when twice as much is said', () => {
  const busy = assume({ spread: 0, groupsPerServer: 0 })
  const at = (messagesPerDay: number) =>
    breakingPoints({ ...busy, messagesPerDay }, 1, 3000, found => found.has(liveEdits)).get(liveEdits) ?? 0
  expect(liveEdits).toContain('live edits on Discord')
  expect(at(5000) / at(10_000)).toBeGreaterThan(1.6)
  expect(at(5000) / at(10_000)).toBeLessThan(2.4)
})

test('a connection takes 2,500 servers, whatever they say', () => {
  const still = assume({ spread: 0, messagesPerDay: 1 })
  expect(breakingPoints(still, 1, 3000, found => found.has(connection)).get(connection)).toBe(2500)
  const figures = figuresOf(loadOf(100, still, 1), still)
  expect([2500, 2501, 10_000].map(servers => needOf(servers, figures).discordTokens)).toEqual([1, 2, 4])
})

test('limits are those that the house keeps to', () => {
  const [discord, telegram] = [discordPace('discord:1'), telegramPace('telegram:-1')]
  expect(limits.discord).toMatchObject({
    ownPerSecond: 1000 / (discord.overall?.refillMs ?? 0),
    editSeconds: Math.max(discord.gapMs, discord.refillMs) / 1000,
  })
  expect(limits.telegram).toMatchObject({
    ownPerSecond: 1000 / (telegram.overall?.refillMs ?? 0),
    editSeconds: Math.max(telegram.gapMs, telegram.refillMs) / 1000,
  })
  expect(sum(zones.map(({ share }) => share))).toBeCloseTo(1)
})
