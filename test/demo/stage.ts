import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../../src/config/config.ts'
import { openHouse } from '../../src/house.ts'
import { silentLog } from '../../src/log.ts'
import { asDiscord, startDiscordWire } from '../wire/discord.ts'
import { startOpenAiWire, type WireBody, type WireReply } from '../wire/openai.ts'
import { startTelegramWire } from '../wire/telegram.ts'
import { isWhole } from './judge.ts'
import type { Asked, Talk } from './record.ts'
import { discordSide, type Place, type Side, telegramSide } from './sides.ts'

/** A whole house with its real libraries, before wires that enforce what the platforms allow, and a model that says what it is told. */
export interface Stage {
  banner: string
  sides: Side[]
  /** Somebody asks, and the model will answer so. */
  ask(place: Place, question: string, script: WireReply[], who?: Parameters<Place['ask']>[1]): AskedHere
  /** When what was asked there is answered, or will not be any more: all that happened there. */
  record(place: Place, asked: AskedHere[], more?: Partial<Talk>): Promise<Talk>
  close(): Promise<void>
}

type AskedHere = Omit<Asked, 'saidAt'>

/** How long an answer may take after the model's last word, and how long afterwards nothing may come that would change it. */
const patienceMs = 60_000
const afterwardsMs = 1500
/** A model that has not begun or gone on for so long will not. */
const silentMs = 90_000

const root = join(import.meta.dirname, '../..')

/** `servers`: the file of them; `locale`: of all who ask. */
export async function openStage({ servers = 'test/demo.servers.json', locale = 'en' } = {}): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), 'bellhop-demo-'))
  const epoch = Date.now()
  const telegram = await startTelegramWire({ enforceRate: true })
  const discord = await startDiscordWire(asDiscord)
  const scripts = new Map<string, WireReply[]>()
  const openai = await startOpenAiWire({ script: body => nextReply(scripts, body) })
  const config = loadConfig(root, {
    PATH: process.env['PATH'],
    DATA_DIR: data,
    PORT: '0',
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    OPENAI_BASE_URL: openai.url,
    SERVERS_CONFIG: join(root, servers),
    DEFAULT_LOCALE: locale,
  })
  const house = await openHouse({ config, log: silentLog })

  /** When the model had said its last word to a question; it asks once more for each step. */
  function saidAt({ question }: AskedHere): number | undefined {
    const requests = openai.requests.filter(({ body }) => questionIn(body, [question]) !== undefined)
    return requests.length === scripts.get(question)?.length ? requests.at(-1)?.endedAt : undefined
  }
  const look = (place: Place, asked: AskedHere[], more: Partial<Talk> = {}): Talk => ({
    wire: place.side.name,
    place: place.name,
    budget: place.budget,
    calls: place.side.calls(place),
    shown: place.side.shown(place),
    asked: asked.map(one => ({ ...one, saidAt: saidAt(one) })),
    ...more,
  })
  return {
    banner: house.banner,
    sides: [telegramSide(telegram, epoch, locale), discordSide(discord)],
    ask(place, question, script, who) {
      scripts.set(question, script)
      const askedAt = Date.now()
      const said = script.flatMap(reply => ('trouble' in reply || !reply.text ? [] : [reply.text])).join('\n\n')
      return { id: place.ask(question, who), question, askedAt, said }
    },
    async record(place, asked, more) {
      const began = Date.now()
      while (!isOver(look(place, asked), began)) await sleep(50)
      await sleep(afterwardsMs)
      return look(place, asked, more)
    },
    async close() {
      await house.close()
      await Promise.all([telegram.close(), discord.close(), openai.close()])
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function isOver(talk: Talk, began: number): boolean {
  if (isWhole(talk)) return true
  const last = Math.max(began, ...talk.calls.map(({ at }) => at))
  const saidAt = talk.asked.map(({ saidAt }) => saidAt ?? Number.POSITIVE_INFINITY)
  return Date.now() > Math.max(...saidAt) + patienceMs || Date.now() > last + silentMs
}

/** The model is told everything anew in each request: how often it has answered since the question says what comes next. */
function nextReply(scripts: Map<string, WireReply[]>, body: WireBody): WireReply {
  const question = questionIn(body, [...scripts.keys()])
  const answers = body.messages.slice(lastQuestionAt(body)).filter(({ role }) => role === 'assistant').length
  const reply = question === undefined ? undefined : scripts.get(question)?.[answers]
  return reply ?? { trouble: 'status', status: 400, message: 'nobody has told this model what to say' }
}

const lastQuestionAt = ({ messages }: WireBody) => messages.findLastIndex(({ role }) => role === 'user')

function questionIn(body: WireBody, questions: string[]): string | undefined {
  const asked = JSON.stringify(body.messages[lastQuestionAt(body)]?.content ?? '')
  return questions.find(question => asked.includes(question))
}
