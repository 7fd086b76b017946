import { table } from '../page.ts'
import { breakingPoints, breaks, type Figures, figuresOf, loadOf, needOf } from './answer.ts'
import { type Assumed, assume, assumptions, limits, type Name, names } from './assumptions.ts'

const servers = 10_000
/** Where the search for what gives way ends. */
const most = 160_000
const connection = Object.keys(breaks)[0] ?? ''

/** Everything that the simulation tells, as Markdown. The same for the same seed. */
export function report(other: Partial<Assumed>, seed: number): string {
  const assumed = assume(other)
  const perHouse = limits.discord.serversPerConnection
  const [one, all] = [perHouse, servers].map(count => figuresOf(loadOf(count, assumed, seed), assumed)) as [Figures, Figures]
  const points = breakingPoints(assumed, seed, most)
  return [
    verdict(one, all, points),
    `Seed ${seed}. What is assumed:`,
    table(
      ['assumption', 'value', 'where it comes from'],
      names.map(name => [assumptions[name].what, assumed[name], assumptions[name].source]),
    ),
    `What that comes to. "Busy" is a second that 999 of 1,000 do not exceed; ${perHouse.toLocaleString('en')} servers are as many as one connection takes:`,
    loadTable(one, all),
    'What gives way, and when, as if a token could be split over connections:',
    table(['limit', 'at servers'], inOrder(points)),
    `Twice of each assumption, all others as they are, for ${count(servers)} servers:`,
    sensitivity(assumed, seed),
    'With twice the σ there is less to do: the mean is then carried by places so rare that few thousands hold none.',
  ].join('\n\n')
}

function verdict(one: Figures, all: Figures, points: Map<string, number>): string {
  const houses = Math.ceil(servers / limits.discord.serversPerConnection)
  const perHouse = needOf(limits.discord.serversPerConnection, one)
  const whole = needOf(servers, all)
  const next = inOrder(points).find(([name]) => name !== connection)
  return [
    `**${count(servers)} Discord servers and ${count(servers * assume().groupsPerServer)} Telegram groups take ${houses} gateways, each with a Discord token and a Redis of its own, and ${perHouse.workers} worker${perHouse.workers > 1 ? 's' : ''} each** (one more each, if one is to be allowed to die); Telegram alone would do with ${whole.telegramTokens} token${whole.telegramTokens > 1 ? 's' : ''}.`,
    `What breaks first is ${connection}: the house does not split a token over several connections. Were it to, ${whole.workers} worker${whole.workers > 1 ? 's' : ''} with the usual \`CONCURRENCY\` would do, and the next to give way would be: ${next?.[0]}, at about ${next?.[1]} servers.`,
    `Starting takes each gateway one of Discord's ${limits.discord.identifySeconds}-second places for an identify.`,
  ].join(' ')
}

function loadTable(one: Figures, all: Figures): string {
  const rows: [string, (figures: Figures) => string][] = [
    ['turns a day', ({ turnsPerDay }) => count(turnsPerDay)],
    ['turns a second: mean / busiest hour / busy', f => `${fine(f.turnsMean)} / ${fine(f.turnsHour)} / ${f.turnsBusy}`],
    ['turns outstanding, busy', ({ openBusy }) => `${openBusy}`],
    ['Discord, calls a second, busy: urgent / all (50, the house keeps to 40)', f => `${f.discordUrgent} / ${f.discordAll}`],
    ['Telegram, calls a second, busy: urgent / all (30, the house keeps to 25)', f => `${f.telegramUrgent} / ${f.telegramAll}`],
    ['longest wait of last words, Discord / Telegram', f => `${fine(f.discordWait)} s / ${fine(f.telegramWait)} s`],
    ['live edits for which there is room, Discord / Telegram', f => `${percent(f.discordShown)} / ${percent(f.telegramShown)}`],
    ['turns in Telegram groups that had more than 20 calls in that minute', f => percent(f.crowded)],
    ['cores, busy: workers / gateway / Redis', f => `${fine(f.workCores)} / ${fine(f.gatewayCores)} / ${fine(f.redisCores)}`],
  ]
  return table(
    ['', `${count(limits.discord.serversPerConnection)} servers`, `${count(servers)} servers`],
    rows.map(([what, show]) => [what, show(one), show(all)]),
  )
}

function inOrder(points: Map<string, number>): [string, string][] {
  const at = (name: string) => points.get(name) ?? Number.POSITIVE_INFINITY
  return Object.keys(breaks)
    .toSorted((a, b) => at(a) - at(b))
    .map(name => [name, points.has(name) ? count(at(name)) : `beyond ${count(most)}`])
}

function sensitivity(assumed: Assumed, seed: number): string {
  const row = (name: Name | undefined) => {
    const changed = name ? { ...assumed, [name]: assumed[name] * 2 } : assumed
    const figures = figuresOf(loadOf(servers, changed, seed), changed)
    const points = breakingPoints(changed, seed, most, found => [...found.keys()].some(it => it !== connection))
    const next = [...points].find(([it]) => it !== connection)
    return [
      name ? assumptions[name].what : '(as assumed)',
      figures.turnsBusy,
      figures.openBusy,
      `${figures.discordUrgent} / ${figures.discordAll}`,
      needOf(servers, figures).workers,
      next ? `${next[0].replace(/ \(.*/, '')}, ${count(next[1])}` : '–',
    ]
  }
  const heads = [
    'twice',
    'turns/s, busy',
    'outstanding, busy',
    'Discord calls/s, busy',
    'workers',
    'next to give way, at servers',
  ]
  return table(heads, [undefined, ...names].map(row))
}

const count = (value: number) => Math.round(value).toLocaleString('en')
const percent = (share: number) => `${(share * 100).toFixed(share > 0.999 || share < 0.01 ? 2 : 1)} %`
const fine = (value: number) => value.toFixed(value >= 10 ? 0 : value >= 0.1 ? 2 : 3)
