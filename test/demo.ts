// `npm run demo`: whole turns over the Telegram wire and the Discord wire, with the OpenAI wire as model, printed as recorded.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../src/config/config.ts'
import { silentLog } from '../src/log.ts'
import { openHouse } from '../src/main.ts'
import { startDiscordWire } from './wire/discord.ts'
import { startOpenAiWire, type WireReply } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

const root = join(import.meta.dirname, '..')
const data = mkdtempSync(join(tmpdir(), 'bellhop-demo-'))
const telegram = await startTelegramWire({ enforceRate: true })
const discord = await startDiscordWire()
const openai = await startOpenAiWire()
const config = loadConfig(root, {
  PATH: process.env['PATH'],
  DATA_DIR: data,
  PORT: '0',
  TELEGRAM_TOKEN: telegram.token,
  TELEGRAM_API_ROOT: telegram.url,
  DISCORD_TOKEN: discord.token,
  DISCORD_API_URL: discord.api,
  OPENAI_BASE_URL: openai.url,
  SERVERS_CONFIG: join(root, 'test/demo.servers.json'),
})
const house = await openHouse({ config, log: silentLog })
console.log(house.banner)

const videoTurn: WireReply[] = [
  {
    text: 'I download it first.',
    calls: [{ name: 'demo__download_video', input: { url: 'https://www.tiktok.com/@a/video/1' } }],
  },
  { calls: [{ name: 'demo__understand_video', input: { file: 'v1.mp4' } }] },
  {
    text: 'A cat sits before a piano for twelve seconds, looks around, and then plays **three notes** with great confidence until the end.',
    tokenMs: 80,
  },
]
const tablesTurn: WireReply[] = [
  { calls: [{ name: 'sqlite__list_tables', input: {} }] },
  { text: 'There are four tables: **bookings**, **guests**, **orders** and **rooms**.', tokenMs: 20 },
]

await showTelegram('Which tables are there?', tablesTurn)
await showTelegram('Analyse this video: https://www.tiktok.com/@a/video/1', videoTurn)
await showDiscord('Which tables are there?', tablesTurn)
await showDiscord('Analyse this video: https://www.tiktok.com/@a/video/1', videoTurn)
console.log('\nEvery call above went over a real socket, from grammY or discord.js, to a local server of the same API.')
await house.close()
await Promise.all([telegram.close(), discord.close(), openai.close()])
rmSync(data, { recursive: true, force: true })
process.exit(0)

async function showTelegram(question: string, script: WireReply[]): Promise<void> {
  openai.script([...script])
  const from = telegram.calls.length
  const began = performance.now()
  telegram.say({ text: question })
  await sleep(50)
  while (!isFinal(telegram.calls.at(-1)?.payload)) await sleep(20)
  const calls = telegram.calls.slice(from).filter(({ method }) => method !== 'getUpdates')
  const first = (calls[0]?.at ?? 0) - 1
  print(
    'Telegram',
    question,
    calls.map(({ method, payload, at }) => [at - first, method, String(payload['text'] ?? payload['action'] ?? '')]),
  )
  console.log(
    `  (${calls.length} calls in ${((performance.now() - began) / 1000).toFixed(1)} s, ${calls.filter(({ ok }) => !ok).length} refused)`,
  )
}

/** The last state of a reply has no button any more. */
function isFinal(payload: Record<string, unknown> | undefined): boolean {
  return payload !== undefined && 'text' in payload && !('reply_markup' in payload)
}

async function showDiscord(question: string, script: WireReply[]): Promise<void> {
  openai.script([...script])
  const from = discord.calls.length
  const began = performance.now()
  discord.say(question)
  await sleep(50)
  while (!discord.messages().at(-1)?.content.includes('-# ') || discord.messages().at(-1)?.components?.length !== 0)
    await sleep(20)
  const calls = discord.calls.slice(from)
  const first = (calls[0]?.at ?? 0) - 1
  print(
    'Discord',
    question,
    calls.map(({ method, route, body, at }) => [at - first, `${method} ${route}`, contentOf(body)]),
  )
  console.log(`  (${calls.length} calls in ${((performance.now() - began) / 1000).toFixed(1)} s)`)
}

function contentOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'content' in body ? String(body.content) : ''
}

function print(platform: string, question: string, rows: [number, string, string][]): void {
  console.log(`\n${platform} · ${question}`)
  for (const [at, what, text] of rows)
    console.log(`${String(Math.round(at)).padStart(7)} ms  ${what.padEnd(34)} ${text.replace(/\n+/g, ' ⏎ ').slice(0, 110)}`)
}
