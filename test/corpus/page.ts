// `node test/corpus/page.ts FOLDER [CHECKOUT]` draws the answers of this folder as both platforms show them, as pictures in FOLDER; beside
// them, how an earlier checkout of the house would have it.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MessageEntity } from 'grammy/types'
import { chromium } from 'playwright-core'
import { discordHtml } from './discord-html.ts'
import { escaped, telegramHtml } from './telegram-html.ts'

const root = join(import.meta.dirname, '../..')
const [folder = join(root, '.artifacts'), before] = process.argv.slice(2)

interface Limits {
  chars: number
  length(markdown: string): number
}

/** The rooms that are shown, of this checkout or of another. */
async function enter(checkout: string) {
  const room = (path: string) => import(pathToFileURL(join(checkout, path)).href)
  const [telegram, discord, splitting] = await Promise.all(
    ['adapters/telegram/outbound.ts', 'adapters/discord/outbound.ts', 'src/reply/split.ts'].map(room),
  )
  return {
    telegram: {
      limits: telegram.limits as Limits,
      show: telegram.toTelegram as (text: string) => { text: string; entities: MessageEntity[] },
    },
    discord: { limits: discord.limits as Limits, show: discord.toDiscord as (text: string) => string },
    split: splitting.split as (markdown: string, limits: Limits) => string[],
  }
}

async function columnsOf(checkout: string, name: string) {
  const { telegram, discord, split } = await enter(checkout)
  const bubbles = (parts: string[]) => parts.map(part => `<div class="bubble">${part}</div>`).join('')
  return [
    {
      title: `Telegram${name}`,
      kind: 'telegram',
      show: (source: string) =>
        bubbles(
          split(source, telegram.limits).map(part => {
            const { text, entities } = telegram.show(part)
            return telegramHtml(text, entities)
          }),
        ),
    },
    {
      title: `Discord${name}`,
      kind: 'discord',
      show: (source: string) => bubbles(split(source, discord.limits).map(part => discordHtml(discord.show(part)))),
    },
  ]
}

const style = `
body { margin: 8px; font: 14px/1.35 sans-serif; background: #888 }
section { display: flex; gap: 10px; margin-bottom: 14px; align-items: flex-start }
section > div { flex: 0 0 410px; min-width: 0 } h4 { margin: 0 0 2px; font-size: 11px; color: #222 }
.source { white-space: pre-wrap; background: #fff; padding: 6px; font: 11px/1.3 monospace; overflow-wrap: anywhere }
.bubble { white-space: pre-wrap; overflow-wrap: anywhere; padding: 8px 10px; margin-bottom: 6px; border-radius: 10px }
.telegram .bubble { background: #fff; color: #000 } .discord .bubble { background: #313338; color: #dbdee1 }
pre, code { font: 12px/1.35 monospace; border-radius: 4px; background: #0001 } pre { margin: 2px 0; padding: 6px; white-space: pre-wrap; display: block }
.discord pre, .discord code { background: #2b2d31 } small { display: block; opacity: .6; font-size: 10px }
blockquote { margin: 2px 0; padding: 2px 8px; border-left: 3px solid #58f; background: #58f2 } .discord blockquote { border-color: #4e5058; background: none }
a { color: #07c; text-decoration: underline } .discord a { color: #00a8fc } mark { background: #999; color: #555 }
h1, h2, h3 { margin: 4px 0; font-size: 16px } h1 { font-size: 21px } h2 { font-size: 18px } .subtext { font-size: 11px; opacity: .7 }
.item { margin-left: .2em } .item .item { margin-left: 1.2em }
.ping { background: #58f6; color: #cdf }`

const checkouts = [...(before ? [[before, ' before']] : []), [root, '']] as [string, string][]
const columns = (await Promise.all(checkouts.map(([checkout, name]) => columnsOf(checkout, name)))).flat()
const files = globSync('*.md', { cwd: import.meta.dirname }).sort()
const sections = files.map(file => {
  const source = readFileSync(join(import.meta.dirname, file), 'utf8').trimEnd()
  const shown = columns.map(({ title, kind, show }) => `<div class="${kind}"><h4>${title}</h4>${show(source)}</div>`)
  const written = `<div><h4>${basename(file)}</h4><div class="source">${escaped(source)}</div></div>`
  return `<section id="${basename(file, '.md')}">${written}${shown.join('')}</section>`
})
mkdirSync(folder, { recursive: true })
const page = join(folder, 'markdown.html')
writeFileSync(page, `<!doctype html><meta charset="utf-8"><style>${style}</style>${sections.join('\n')}`)
const program = process.env['CHROMIUM'] ?? join(root, '.runtime/bin/chromium')
if (existsSync(program)) await shoot(program)

async function shoot(executablePath: string): Promise<void> {
  const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] })
  const sheet = await browser.newPage({ viewport: { width: 20 + 420 * (columns.length + 1), height: 1400 } })
  await sheet.goto(pathToFileURL(page).href)
  for (const file of files) {
    const id = basename(file, '.md')
    await sheet.locator(`#${id}`).screenshot({ path: join(folder, `${id}.png`) })
  }
  await browser.close()
}
console.log(`${files.length} answers: ${page}`)
