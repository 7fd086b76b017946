import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limits as discord, toDiscord } from '../adapters/discord/outbound.ts'
import { limits as telegram, toTelegram } from '../adapters/telegram/outbound.ts'
import { createSplitter, split } from '../src/reply/split.ts'
import { finalCard, liveCard, text } from './cards.ts'
import { complaint } from './wire/telegram-text.ts'

const folder = join(import.meta.dirname, 'corpus')
const answers = globSync('*.md', { cwd: folder }).sort()
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

/** Letters and digits in their order: marks come and go, words do not. */
const words = (markdown: string) => markdown.match(/[A-Za-z\d]{2,}|[[\p{L}\p{N}]--[A-Za-z\d]]{2,}/gv) ?? []

/** What is not shown: an entity, tags, titles, a picture that is itself a link, what belongs to code beside its language. */
const asides =
  'copy br kbd sub sup max strong em details summary code API Churn reference badge svg title with mailto tel NOTE WARNING align center href'
const isAside = (word: string) => asides.split(' ').includes(word)

test('there are answers of every kind', () => {
  expect(answers.length).toBeGreaterThanOrEqual(60)
})

test.each(answers)('%s: whole on both platforms', file => {
  const source = read(file)
  const onTelegram = split(source, telegram).map(toTelegram)
  for (const { text: shown, entities } of onTelegram) expect(complaint(shown, entities)).toBeUndefined()
  const onDiscord = split(source, discord).map(toDiscord)
  for (const shown of onDiscord) expect(shown.length).toBeLessThanOrEqual(2000)
  const seen = {
    telegram: onTelegram.map(({ text, entities }) => text + entities.map(one => JSON.stringify(one)).join(' ')).join('\n'),
    discord: onDiscord.join('\n').replaceAll('\u200b', ''),
  }
  const together = { telegram: seen.telegram.replace(/\s/g, ''), discord: seen.discord.replace(/\s/g, '') }
  const isLost = (word: string, shown: string) => !shown.includes(word)
  expect(
    words(source).filter(word => !isAside(word) && isLost(word, together.telegram + seen.telegram.replaceAll('%', ''))),
  ).toEqual([])
  expect(words(source).filter(word => !isAside(word) && isLost(word, together.discord))).toEqual([])
})

test.each(answers)('%s: a part that another one follows stays as it is', file => {
  const source = read(file).slice(0, 6000)
  for (const limits of [telegram, discord]) {
    const splitter = createSplitter({ ...limits, chars: 500 })
    let before: string[] = []
    for (let at = 97; at < source.length; at += 97) {
      const parts = splitter(liveCard([text(source.slice(0, at))]))
      expect(parts.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
      before = parts
    }
    expect(splitter(finalCard([text(source)])).slice(0, before.length - 1)).toEqual(before.slice(0, -1))
  }
})
