// `npm run chaos`: a whole house of several processes under kill -9, frozen processes, a dying Redis, bad platforms and people who change
// their minds, and whether each question was answered exactly once all the same.
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startDiscordWire } from '../wire/discord.ts'
import { startOpenAiWire } from '../wire/openai.ts'
import { startTelegramWire } from '../wire/telegram.ts'
import { modelScript, numbersIn } from './answers.ts'
import { createCrew, type Member } from './crew.ts'
import { createPeople, type Question } from './people.ts'
import { createPlaces, type Place } from './places.ts'
import { createRandom } from './random.ts'
import { createRedis } from './redis.ts'
import { clock, report } from './report.ts'
import { makeTrouble, type TroubleKind, troubleKinds } from './trouble.ts'
import { whereIs } from './where.ts'

/** Longer than a lease lives and a connection takes. */
const takeoverMs = 10_000
/** Until then it may be that the house has not found out yet that Redis is back. */
const reconnectMs = 6000
const options = readOptions()
const random = createRandom(options.seed)
const folder = mkdtempSync(join(tmpdir(), 'bellhop-chaos-'))
const ledger = join(folder, 'ledger.ndjson')
const events: { at: number; event: string }[] = []
const closers: (() => void)[] = []
let keep = options.keep
process.on('exit', () => {
  for (const close of closers.reverse()) close()
  if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
process.on('uncaughtException', error => {
  console.error(error)
  keep = true
  process.exit(2)
})

console.log(`seed ${options.seed}, ${options.seconds} s, logs in ${folder}`)
writeFileSync(ledger, '')
const telegramSince = Date.now()
const telegram = await startTelegramWire()
const discord = await startDiscordWire()
const begunAt = new Map<number, number[]>()
const openai = await startOpenAiWire({ script: speak })
const forgetting = setInterval(() => openai.requests.splice(0), 5000)
const places = createPlaces(options.conversations, telegram, discord)
const redis = await createRedis(join(folder, 'redis'))
closers.push(() => redis.end())
await redis.start()
const crew = createCrew({ ...options, folder, env: environment(), random: random.branch(), note })
closers.push(() => crew.end())
await crew.settle()
while (telegram.polling() === 0 || discord.gateway.connected() === 0) await sleep(50)

const people = createPeople({ places, random: random.branch(), mayAsk, isHeard, isAble })
const ending = new AbortController()
setTimeout(() => ending.abort(), options.seconds * 1000)
note('people begin to ask')
const troubles = {
  ...options,
  killEveryMs: options.killEvery * 1000,
  random: random.branch(),
  crew,
  redis,
  people,
  telegram,
  discord,
  note,
}
const [tally] = await Promise.all([makeTrouble(troubles, ending.signal), people.ask(ending.signal)])
note('all trouble ends')
await crew.settle()
note('all processes are up')
await people.quiet(options.calmSeconds * 1000, 120_000)
note('it is quiet')
people.close()
clearInterval(forgetting)
const { table, bad, anomalies, conversations } = await report({
  people,
  places,
  tally,
  ledger,
  begunAt,
  whereIs: question => whereIs(question, redis.url),
  events,
})
for (const [name, value] of table)
  console.log(`${name.padEnd(28)}${String(value).padStart(4)}${bad.includes(name) ? '  <- bad' : ''}`)
for (const line of anomalies) console.log(`  ${line}`)
for (const line of complaints()) console.log(`  ${line}`)
if (anomalies.length > 0) keepEvidence()
console.log(bad.length === 0 ? 'Every question was answered as it should be.' : 'Not good.', keep ? `Logs: ${folder}` : '')
process.exit(bad.length === 0 ? 0 : 1)

function readOptions() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      seconds: { type: 'string', default: '120' },
      conversations: { type: 'string', default: '12' },
      /** 0: no trouble at all, unless `--trouble` names some. */
      'kill-every': { type: 'string', default: '8' },
      workers: { type: 'string', default: '3' },
      gateways: { type: 'string', default: '2' },
      keep: { type: 'boolean', default: false },
      /** A comma list of the kinds of trouble to make. */
      trouble: { type: 'string' },
      /** People speak on Discord also while no gateway is there to hear and keep it. */
      deaf: { type: 'boolean', default: false },
      /** How long nothing may change at the end before what is not answered counts as lost: longer than it takes to find lost mail. */
      'calm-seconds': { type: 'string', default: '30' },
    },
  })
  const killEvery = Number(values['kill-every'])
  const kinds = values.trouble?.split(',') ?? (killEvery > 0 ? [...troubleKinds] : [])
  const unknown = kinds.filter(kind => !troubleKinds.includes(kind as TroubleKind))
  if (unknown.length > 0) throw new Error(`--trouble: ${unknown} is not one of ${troubleKinds.join(', ')}`)
  return {
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    conversations: Number(values.conversations),
    killEvery: killEvery || 8,
    kinds: kinds as TroubleKind[],
    workers: Number(values.workers),
    gateways: Number(values.gateways),
    keep: values.keep,
    deaf: values.deaf,
    calmSeconds: Number(values['calm-seconds']),
  }
}

function environment(): Record<string, string> {
  const servers = join(folder, 'servers.json')
  const server = {
    command: process.execPath,
    args: [join(import.meta.dirname, 'ledger-server.ts')],
    env: { LEDGER: ledger },
    autoApprove: ['*'],
  }
  writeFileSync(servers, JSON.stringify({ mcpServers: { ledger: server } }))
  mkdirSync(join(folder, 'data'))
  return {
    DATA_DIR: join(folder, 'data'),
    SERVERS_CONFIG: servers,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'warn',
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    OPENAI_BASE_URL: openai.url,
  }
}

function speak(body: Parameters<typeof modelScript>[0]): ReturnType<typeof modelScript> {
  const reply = modelScript(body)
  if ('calls' in reply || !('text' in reply)) return reply
  for (const n of numbersIn(reply.text ?? '')) begunAt.set(n, [...(begunAt.get(n) ?? []), Date.now()])
  return reply
}

function mayAsk(place: Place): boolean {
  return options.deaf || mayBeHeard(place)
}

/** Telegram keeps what was said until somebody has kept it; on Discord it is gone unless the house asks for it afterwards. */
function mayBeHeard({ platform }: Place): boolean {
  if (platform === 'telegram') return true
  const gateways = crew.members.filter(({ role }) => role === 'gateway')
  if (!redis.isUp || discord.gateway.connected() === 0 || gateways.some(({ state }) => state === 'leaving')) return false
  // Who sleeps keeps its connection, and hears nothing: until it is known that another has taken over, nobody may.
  const settled = ({ state, since }: Member) => (state === 'up' || state === 'stopped') && Date.now() - since > takeoverMs
  const oneSleeps = gateways.some(({ state }) => state === 'stopped')
  return !oneSleeps || (gateways.every(settled) && gateways.some(({ state }) => state === 'up'))
}

function isHeard(place: Place): boolean {
  return mayBeHeard(place) && Date.now() - redis.upSince > reconnectMs
}

function isAble(): boolean {
  return (
    redis.isUp && ['gateway', 'worker'].every(role => crew.members.some(member => member.role === role && member.state === 'up'))
  )
}

function note(event: string): void {
  const at = Date.now()
  events.push({ at, event })
  appendFileSync(join(folder, 'events.log'), `${clock(at)} ${event}\n`)
}

/** How often each process wrote which warning or error. */
function complaints(): string[] {
  const counts = new Map<string, number>()
  for (const file of readdirSync(folder).filter(name => name.endsWith('.log') && name !== 'events.log')) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const said = line.startsWith('{') ? String((JSON.parse(line) as { msg: string }).msg) : line.startsWith('---') ? '' : line
      if (said) counts.set(said, (counts.get(said) ?? 0) + 1)
    }
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([said, count]) => `logged ${count}×: ${said.slice(0, 200)}`)
    .slice(0, 20)
}

function isAbout({ numbers }: Question, event: string): boolean {
  return numbersIn(event).some(n => numbers.includes(n))
}

/** Every call of the conversations in which something went wrong, with its time. */
function keepEvidence(): void {
  keep = true
  for (const conversation of conversations) {
    const [platform, chat = ''] = conversation.split(':')
    const lines =
      platform === 'telegram'
        ? telegram.calls
            .filter(({ payload }) => String(payload['chat_id']) === chat)
            .map(({ at, method, ok: good, payload }) => ({
              at: telegramSince + at,
              what: `${good ? 'ok ' : 'BAD'} ${method}`,
              said: payload,
            }))
        : discord.calls
            .filter(({ route }) => route.includes(chat))
            .map(({ at, method, status, route, body }) => ({ at, what: `${status ?? 'cut'} ${method} ${route}`, said: body }))
    const asked = people.questions
      .filter(({ place }) => place.conversation === conversation)
      .map(({ saidAt, numbers, id }) => ({ at: saidAt, what: `--- #${numbers[0]} is asked`, said: id }))
    const changed = events
      .filter(({ event }) => people.questions.some(one => one.place.conversation === conversation && isAbout(one, event)))
      .map(({ at, event }) => ({ at, what: `--- ${event}`, said: '' }))
    const all = [...lines, ...asked, ...changed].sort((a, b) => a.at - b.at)
    writeFileSync(
      join(folder, `calls-${conversation.replace(':', '-')}.txt`),
      all.map(({ at, what, said }) => `${clock(at)} ${what} ${JSON.stringify(said).slice(0, 400)}\n`).join(''),
    )
  }
}
