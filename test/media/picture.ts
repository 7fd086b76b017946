// `npm run picture`: how one reply grows while a video is analysed, from what was recorded on both wires: `docs/video-turn.png` is Discord in
// English, `docs/video-turn.zh.png` Telegram in Chinese.
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { discordHtml } from '../corpus/discord-html.ts'
import { escaped } from '../corpus/telegram-html.ts'
import type { WireBody, WireMessage, WireReply } from '../wire/openai.ts'
import { openCinema, type Recording } from './cinema.ts'

const root = join(import.meta.dirname, '../..')
const shots = ['gradients=c0=orange:c1=purple:c2=gold:c3=crimson:nb_colors=4:speed=0.03:', 'mandelbrot=', 'testsrc2=']

/** Downloads, looks, and answers. */
function model({ messages }: WireBody): WireReply {
  const asked = textOf(messages.find(({ role }) => role === 'user'))
  const [downloaded, seen] = messages.filter(({ role }) => role === 'tool').map(textOf)
  if (downloaded === undefined) return { calls: [{ name: 'video__download_video', input: { url: /http\S+/.exec(asked)?.[0] } }] }
  const file = /^- file: (\S+)/m.exec(downloaded)?.[1]
  if (seen === undefined) return { calls: [{ name: 'video__analyse_video', input: { file } }] }
  const seconds = /^- seconds: (\d+)/m.exec(seen)?.[1]
  return /分析/.test(asked)
    ? {
        text: `视频长 ${seconds} 秒，共三个镜头：先是**落日般的色彩**，再深入**曼德博集合**，最后是一张测试图，全程伴有一个长音。`,
      }
    : {
        text: `${seconds} seconds in three shots: **colours like a sunset**, a dive into the **Mandelbrot set**, and a test card, with one long tone below.`,
      }
}

const textOf = (message: WireMessage | undefined) =>
  typeof message?.content === 'string' ? message.content : JSON.stringify(message?.content ?? '')

interface State {
  /** Since the question, in milliseconds. */
  at: number
  html: string
  buttons: string[]
}

/** Four of its states: halfway through the download, in the analysis, the answer, the picture below it. */
function statesOf({ wire, askedAt, calls, files }: Recording): State[] {
  const show = wire === 'Discord' ? discordHtml : escaped
  const told = calls.filter(({ kind }) => kind === 'post' || kind === 'edit')
  const percentOf = (text: string) => Number(/⏳ Download video · (\d+) %/.exec(text)?.[1] ?? Number.NaN)
  const downloads = told.filter(({ text }) => !Number.isNaN(percentOf(text)))
  const download = downloads.toSorted((a, b) => Math.abs(percentOf(a.text) - 50) - Math.abs(percentOf(b.text) - 50))[0]
  const analysis = told.findLast(({ text }) => /⏳ Analyse video · /.test(text))
  const photo = calls.find(({ kind }) => kind === 'file')
  const sheet = Buffer.from(files[0] ?? []).toString('base64')
  return [download, analysis, told.at(-1), photo].map(call => {
    if (!call) throw new Error(`${wire}: one of the four states was not recorded`)
    const html = call === photo ? `<img src="data:image/jpeg;base64,${sheet}">` : show(call.text)
    return { at: call.at - askedAt, html, buttons: call.buttons }
  })
}

const style = `
* { box-sizing: border-box } body { margin: 0; font: 15px/1.4 sans-serif } main { display: flex; gap: 10px; padding: 12px; width: 1240px }
section { flex: 1 0 0; min-width: 0; border-radius: 10px; padding: 12px } section:last-child { flex-grow: 1.35 }
time { display: block; font-size: 12px; opacity: .65; margin-bottom: 6px } b { font-weight: 700 }
.says { white-space: pre-wrap; overflow-wrap: anywhere } img { width: 100%; display: block; border-radius: 6px }
button { margin-top: 10px; font: inherit; font-size: 14px; border: 0; border-radius: 6px; padding: 5px 14px }
.Discord { background: #1e1f22; color: #dbdee1 } .Discord section { background: #313338 } .Discord button { background: #4e5058; color: #fff }
.Telegram { background: #8fb6a3; color: #000 } .Telegram section { background: #fff } .Telegram button { background: #e5eef0; color: #285a75; width: 100% }
.subtext { font-size: 12px; opacity: .75 }`

function pageOf(recording: Recording): string {
  const sections = statesOf(recording).map(({ at, html, buttons }) => {
    const labels = buttons.map(label => `<button>${escaped(label)}</button>`).join(' ')
    return `<section><time>${(at / 1000).toFixed(1)} s</time><div class="says">${html}</div>${labels}</section>`
  })
  return `<!doctype html><meta charset="utf-8"><style>${style}</style><main class="${recording.wire}">${sections.join('')}</main>`
}

const cinema = await openCinema(model, shots)
const english = await cinema.ask('Discord', `Analyse this video ${cinema.clip}`)
const chinese = await cinema.ask('Telegram', `分析这个视频 ${cinema.clip}?again`)
await cinema.close()

const executablePath = process.env['CHROMIUM'] ?? join(root, '.runtime/bin/chromium')
const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage({ viewport: { width: 1240, height: 600 } })
for (const [recording, name] of [
  [english, 'video-turn.png'],
  [chinese, 'video-turn.zh.png'],
] as const) {
  await page.setContent(pageOf(recording))
  await page.locator('main').screenshot({ path: join(root, 'docs', name) })
  console.log(`docs/${name}`)
}
await browser.close()
