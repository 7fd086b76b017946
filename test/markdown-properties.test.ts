import { expect, test } from 'vitest'
import { limits as discord, toDiscord } from '../adapters/discord/outbound.ts'
import { limits as telegram, toTelegram } from '../adapters/telegram/outbound.ts'
import { openFence } from '../src/reply/fence.ts'
import { createSplitter, type Room, split } from '../src/reply/split.ts'
import { finalCard, liveCard, text } from './cards.ts'
import { brokenDocs, calmDocs, type Doc, emoji, wholeDocs } from './markdown.ts'
import { fc } from './properties.ts'
import { complaint } from './wire/telegram-text.ts'

/** `DOCS=10 SEED=1 vitest run test/markdown-properties.test.ts` looks at ten times as many documents, which `SEED` chooses. */
const times = Number(process.env['DOCS'] ?? 1)
const runs = (count: number) => ({ numRuns: Math.round(count * times) })
const patience = 120_000 * Math.max(1, times)

interface Platform {
  /** Small, so that a small document has many parts. */
  room: Room
  /** What a person can read, and the addresses behind it. */
  shows(part: string): { text: string; urls: string }
}

const platforms: Record<string, Platform> = {
  discord: { room: { chars: 240, length: discord.length }, shows: part => ({ text: toDiscord(part), urls: '' }) },
  telegram: { room: { chars: 240, length: telegram.length }, shows: showsTelegram },
}

function showsTelegram(part: string): { text: string; urls: string } {
  const { text, entities } = toTelegram(part)
  expect(complaint(text, entities)).toBeUndefined()
  expect(entities.length).toBeLessThanOrEqual(100)
  expect(entities.map(({ offset }) => offset)).toEqual(entities.map(({ offset }) => offset).toSorted((a, b) => a - b))
  return { text, urls: entities.map(entity => (entity.type === 'text_link' ? entity.url : '')).join(' ') }
}

const each = (discordDocs: number, telegramDocs: number): [string, Platform, number][] => [
  ['discord', platforms['discord'] as Platform, discordDocs],
  ['telegram', platforms['telegram'] as Platform, telegramDocs],
]

function cut(source: string, { room, shows }: Platform): { parts: string[]; text: string; urls: string } {
  const parts = split(source, room)
  for (const part of parts) {
    expect(room.length(part)).toBeLessThanOrEqual(room.chars)
    if (source.isWellFormed()) expect(part.isWellFormed()).toBe(true)
  }
  for (const part of parts.slice(0, -1)) expect(openFence(part)).toBeUndefined()
  const shown = parts.map(shows)
  return { parts, text: shown.map(({ text }) => text).join('\n'), urls: shown.map(({ urls }) => urls).join(' ') }
}

/** What of a document cannot be found, in its order, in what is shown. */
function lostIn({ words, strays }: Doc, { text, urls }: { text: string; urls: string }): string[] {
  const seen = text.replace(/[\s\u200b\\]/g, '')
  let at = 0
  const lost = words.filter(word => {
    const found = seen.indexOf(word, at)
    if (found >= 0) at = found
    return found < 0
  })
  return [...lost, ...strays.filter(word => !seen.includes(word) && !urls.includes(word))]
}

const count = (text: string, what: string) => text.split(what).length - 1

test.each(each(1500, 500))(
  'on %s no part is too long, nothing is lost, and no cut tears a link, code, a row or an emoji',
  (_, platform, documents) => {
    fc.assert(
      fc.property(wholeDocs(6), doc => {
        const shown = cut(doc.source, platform)
        expect(lostIn(doc, shown)).toEqual([])
        expect(doc.atoms.filter(atom => atom.length < 100 && !shown.parts.some(part => part.includes(atom)))).toEqual([])
        const emojiIn = (text: string) => emoji.map(one => count(text, one))
        expect(shown.parts.map(emojiIn).reduce((all, some) => all.map((sum, i) => sum + (some[i] ?? 0)))).toEqual(
          emojiIn(doc.source),
        )
      }),
      runs(documents),
    )
  },
  patience,
)

test.each(each(1500, 500))(
  'on %s half-typed marks and stray ones lose nothing either',
  (_, platform, documents) => {
    fc.assert(
      fc.property(brokenDocs(6), doc => {
        expect(lostIn(doc, cut(doc.source, platform))).toEqual([])
      }),
      runs(documents),
    )
  },
  patience,
)

test.each(each(800, 200))(
  'on %s a part that another one follows stays as it is while the text grows',
  (_, { room }, documents) => {
    fc.assert(
      fc.property(
        wholeDocs(8),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 5, maxLength: 30 }),
        ({ source }, steps) => {
          const splitter = createSplitter(room)
          let before: string[] = []
          let at = 0
          for (let step = 0; at < source.length; step++) {
            at += steps[step % steps.length] ?? 1
            const said = [text(source.slice(0, at))]
            const parts = splitter(at < source.length ? liveCard(said) : finalCard(said))
            expect(parts.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
            before = parts
          }
        },
      ),
      runs(documents),
    )
  },
  patience,
)

test(
  'half-typed marks are never seen, however the text is cut into pieces',
  () => {
    fc.assert(
      fc.property(calmDocs(3), fc.integer({ min: 1, max: 12 }), ({ source }, step) => {
        for (let at = 1; at < source.length; at += step) {
          const { text: shown, entities } = toTelegram(liveCard([text(source.slice(0, at))]))
          const code = entities.filter(({ type }) => type === 'pre')
          const outside = code.reduceRight(
            (rest, { offset, length }) => rest.slice(0, offset) + rest.slice(offset + length),
            shown,
          )
          expect(outside).not.toMatch(/[*`_~|[\]#\\$]|^[->+=]|---|\(https?/m)
        }
      }),
      runs(300),
    )
  },
  patience,
)
