import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Talk } from './demo/record.ts'
import { recordSources } from './eval/transcripts.ts'

const talks = new Map<string, Talk>()
beforeAll(async () => {
  const both = await Promise.all([recordSources('en'), recordSources('zh')])
  for (const [at, all] of both.entries())
    for (const talk of all)
      talks.set(`${talk.wire} ${at === 0 ? 'en' : 'zh'} ${/forgets/.test(talk.place) ? 'forgets' : 'tells'}`, talk)
}, 60_000)
afterAll(() => talks.clear())

const footers = {
  en: [
    /✅ Search tweets \(2\)/,
    /∅ jianshu search articles: no hits, try a broader word or another source/,
    /⚠️ tiktok search videos: 403, set TIKTOK_COOKIES/,
    /⚠️ weibo search posts: no sign of life for 2 s, ask again/,
  ],
  zh: [
    /✅ Search tweets \(2\)/,
    /∅ jianshu search articles：没有结果，请换一个更宽泛的词/,
    /⚠️ tiktok search videos：403，请设置 TIKTOK_COOKIES/,
    /⚠️ weibo search posts：2 s 内没有任何回应，请再试一次/,
  ],
}

const cases = (['Telegram', 'Discord'] as const).flatMap(wire =>
  (['en', 'zh'] as const).flatMap(language => (['tells', 'forgets'] as const).map(how => ({ wire, language, how }))),
)

/** As it stands in the chat, without the marks that keep it from being Markdown. */
const inTheEnd = (talk: Talk | undefined) => (talk?.shown.map(({ text }) => text).join('\n') ?? '').replaceAll('\\', '')

test.each(cases)('on $wire ($language) four sources are each named with reason and remedy where the model $how', one => {
  const { wire, language, how } = one
  const seen = inTheEnd(talks.get(`${wire} ${language} ${how}`))
  const footer = seen.split('\n').at(-1) ?? ''
  for (const pattern of footers[language]) expect(footer).toMatch(pattern)
  const answer = seen.slice(0, seen.length - footer.length)
  for (const source of ['jianshu', 'tiktok', 'weibo']) expect(answer.includes(source)).toBe(how === 'tells')
})

test.each(cases)('on $wire ($language) the card shows each source as it runs, and how it ended (the model $how)', one => {
  const { wire, language, how } = one
  const cards = talks.get(`${wire} ${language} ${how}`)?.calls.filter(({ kind }) => kind === 'edit') ?? []
  const shown = cards.map(({ text }) => text)
  expect(shown).toContainEqual(expect.stringMatching(/∅ Search articles · .*\n⚠️ Search videos · .*\n⏳ Search posts/))
})
