// A whole house with the video server, before the two wires, and a site on loopback whose clip comes slowly: to see a video analysed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../servers/video/programs.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openHouse } from '../../src/house.ts'
import { silentLog } from '../../src/log.ts'
import type { Call, Shown } from '../demo/record.ts'
import { discordSide, type Place, telegramSide } from '../demo/sides.ts'
import { openSite } from '../video-rig.ts'
import { asDiscord, startDiscordWire } from '../wire/discord.ts'
import { type OpenAiWire, startOpenAiWire, type WireBody, type WireReply } from '../wire/openai.ts'
import { startTelegramWire } from '../wire/telegram.ts'

const root = join(import.meta.dirname, '../..')

/** All that the bot did in answer to one question. */
export interface Recording {
  wire: 'Telegram' | 'Discord'
  question: string
  askedAt: number
  calls: Call[]
  shown: Shown[]
  /** The files among them, in order. */
  files: Uint8Array[]
}

export interface Cinema {
  /** Of the clip: it is addressed as `http://127.0.0.1:…/cat.mp4`. */
  clip: string
  /** Absent where the offline model answers. */
  openai: OpenAiWire | undefined
  /** Resolves when the answer stands and the pictures are there. */
  ask(wire: 'Telegram' | 'Discord', question: string): Promise<Recording>
  close(): Promise<void>
}

/** Of three seconds each, by the names that ffmpeg has for them: a test picture, then a blue one. */
const usualShots = ['testsrc=', 'color=c=navy:']

/** `model`: what the scripted model says; without it the offline model answers. `shots`: what is seen in the clip. */
export async function openCinema(model?: (body: WireBody) => WireReply, shots = usualShots): Promise<Cinema> {
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-cinema-'))
  const epoch = Date.now()
  const [telegram, discord, openai] = await Promise.all([
    startTelegramWire({ enforceRate: true }),
    startDiscordWire(asDiscord),
    model && startOpenAiWire({ script: model, hears: () => 'Meow, said the cat.' }),
  ])
  const site = await openSlowSite(makeClip(folder, shots))
  const endpoint = openai && { OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'sk-wire', TRANSCRIBE_MODEL: 'whisper-1' }
  const env = {
    PATH: process.env['PATH'],
    DATA_DIR: join(folder, 'data'),
    PORT: '0',
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    SERVERS_CONFIG: writeServers(folder, { ALLOW_PRIVATE_HOSTS: site.host, ...endpoint }),
    ...endpoint,
  }
  const house = await openHouse({ config: loadConfig(root, env), log: silentLog })
  await toolsAreThere(house.webUrl ?? '')
  const files = {
    Telegram: (chat: string) => telegram.messages(Number(chat)).flatMap(({ bot, file }) => (bot && file ? [file.data] : [])),
    Discord: (chat: string) =>
      discord.messages(chat).flatMap(({ attachments }) => attachments.flatMap(({ id }) => discord.world.files.get(id) ?? [])),
  }
  const sides = { Telegram: telegramSide(telegram, epoch, 'zh-hans'), Discord: discordSide(discord) }
  return {
    clip: `${site.url}/cat.mp4`,
    openai,
    async ask(wire, question) {
      const side = sides[wire]
      const place = side.open('the cinema', 'private')
      const askedAt = Date.now()
      if (wire === 'Discord') place.ask(question)
      else {
        const chat = Number(place.chat)
        telegram.say({ text: question, chat, from: { id: chat, first_name: 'Ada', language_code: 'zh-hans' } })
      }
      await settled(place)
      return { wire, question, askedAt, calls: side.calls(place), shown: side.shown(place), files: files[wire](place.chat) }
    },
    async close() {
      await house.close()
      site.close()
      await Promise.all([telegram.close(), discord.close(), openai?.close()])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** With a tone. */
function makeClip(folder: string, shots: string[]): Buffer {
  const file = join(folder, 'cat.mp4')
  const source = (what: string, seconds: number) => ['-f', 'lavfi', '-t', String(seconds), '-i', what]
  const seen = shots.flatMap(shot => source(`${shot}size=640x360:rate=25`, 3))
  const joined = `${shots.map((_, at) => `[${at}:v]format=yuv420p[v${at}]`).join(';')};${shots.map((_, at) => `[v${at}]`).join('')}concat=n=${shots.length}:v=1[v]`
  execFileSync(findProgram('ffmpeg'), [
    ...['-v', 'error', ...seen, ...source('sine=frequency=440', 3 * shots.length)],
    ...['-filter_complex', joined, '-map', '[v]', '-map', `${shots.length}:a`],
    ...['-preset', 'ultrafast', '-movflags', '+faststart', file],
  ])
  return readFileSync(file)
}

const pieces = 10
const pieceMs = 200

/** Slow enough for a person to see the percent grow. */
async function openSlowSite(clip: Buffer) {
  return openSite((_request, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': clip.length })
    void trickle(clip, response)
  })
}

async function trickle(clip: Buffer, response: ServerResponse): Promise<void> {
  const size = Math.ceil(clip.length / pieces)
  for (let at = 0; at < clip.length && !response.destroyed; at += size) {
    response.write(clip.subarray(at, at + size))
    await sleep(pieceMs)
  }
  response.end()
}

/** With values in place of variables: whoever reads the file again would ask the real environment for those. */
function writeServers(folder: string, env: Record<string, string>): string {
  const file = join(folder, 'servers.json')
  const args = [join(root, 'servers/video/video.ts')]
  const video = { command: 'node', args, env: { ...env, VIDEO_DIR: join(folder, 'videos') }, cwd: root }
  writeFileSync(file, JSON.stringify({ mcpServers: { video } }))
  return file
}

/** The house opens its doors before a slow server is up. */
async function toolsAreThere(url: string): Promise<void> {
  const until = Date.now() + 20_000
  while (Date.now() < until) {
    const said = await fetch(`${url}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: '/tools' }),
    })
    if ((await said.text()).includes('analyse_video')) return
    await sleep(100)
  }
  throw new Error('the video server did not come up')
}

/** Its buttons are gone, its footer is there, and no call came for a while. */
async function settled({ side, ...place }: Place): Promise<void> {
  const until = Date.now() + 45_000
  while (Date.now() < until) {
    const calls = side.calls({ side, ...place }).filter(({ kind }) => kind !== 'other')
    const [answer] = side.shown({ side, ...place })
    const quiet = Date.now() - (calls.at(-1)?.at ?? Date.now()) > 1500
    if (quiet && answer && answer.buttons.length === 0 && /[✅⚠]/u.test(answer.text)) return
    await sleep(50)
  }
  throw new Error(`no answer: ${JSON.stringify(side.shown({ side, ...place }).map(({ text }) => text))}`)
}

/** One line a call, as a person would tell it. */
export function transcriptOf({ wire, question, askedAt, calls }: Recording): string {
  const rows = calls.map(({ at, method, text, buttons }) => {
    const lines = [text, ...buttons.map(label => `[${label}]`)].join('\n').trim().split('\n')
    return `${`${Math.round(at - askedAt)} ms`.padStart(9)}  ${method.padEnd(20)} ${lines.join(`\n${' '.repeat(32)}`)}`
  })
  return [`${wire}: ${question}`, ...rows, ''].join('\n')
}
