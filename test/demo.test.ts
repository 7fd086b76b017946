import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judge } from './demo/judge.ts'
import type { Call, Shown, Talk } from './demo/record.ts'
import { flood, refusal } from './demo/situations.ts'
import { openStage } from './demo/stage.ts'
import { deviation } from './demo/words.ts'
import { asDiscord, type DiscordWire, startDiscordWire } from './wire/discord.ts'

/** Recorded once: the flood on both wires, then the 429 and the chat beside it on both. */
const talks: Talk[] = []
const stage = await openStage()
afterAll(stage.close)
beforeAll(async () => {
  const runs = stage.sides.flatMap(side => [flood(4, 120)(stage, side), refusal(5, 2)(stage, side)])
  talks.push(...(await Promise.all(runs)).flat())
}, 60_000)

const recorded = (wire: Talk['wire'], place: RegExp): Talk => {
  const found = talks.find(talk => talk.wire === wire && place.test(talk.place))
  if (!found) throw new Error('that was not recorded')
  return structuredClone(found)
}

test('a house that keeps to the limits and loses nothing has no faults', () => {
  expect(talks.map(({ wire, place }) => `${wire}: ${place}`)).toHaveLength(6)
  expect(talks.flatMap(talk => judge(talk).faults)).toEqual([])
})

test('the summary tells calls, pace, refusals, first paint, last words and whether all was shown', () => {
  const { summary } = judge(recorded('Telegram', /^429/))
  expect(summary).toMatch(
    /^\d+ calls, \d+ edits · busiest minute \d+ of 28 allowed · 429s 1 injected, 0 not · first paint [\d,]+ ms · .*final [\d,]+ ms after the stream's end · last shown = final: yes \([\d,]+ characters in 1\)$/,
  )
})

const at = <T>(list: T[], index: number): T => {
  const found = list.at(index)
  if (found === undefined) throw new Error('too short')
  return found
}
const edits = ({ calls }: Talk) => calls.filter(({ kind }) => kind === 'edit')
const more = (call: Call, ms: number, over: Partial<Call> = {}): Call => ({ ...call, at: call.at + ms, ...over })
const reworded = (shown: Shown, from: RegExp, to: string) => ({ ...shown, text: shown.text.replace(from, to) })

test.each<[string, RegExp, (talk: Talk) => void]>([
  ['a part that was lost', /letters are missing at the end/, talk => void talk.shown.pop()],
  ['a part in the middle that was lost', /stands where/, talk => void talk.shown.splice(0, 1)],
  ['a part that stands twice', /stands where/, talk => void talk.shown.push({ ...at(talk.shown, -1), id: '9' })],
  [
    'a word that was lost',
    /f443.*” stands where “.*f442/,
    talk => {
      talk.shown = talk.shown.map(shown => reworded(shown, /\bf442 /, ''))
    },
  ],
  [
    'a text that is not the last',
    /letters are missing/,
    talk => {
      talk.shown = talk.shown.map(shown => reworded(shown, / flood472[\s\S]*$/, ''))
    },
  ],
  ['no answer at all', /there is no answer/, talk => void talk.shown.splice(0)],
  [
    'a spinner below the last words',
    /looks unfinished/,
    talk => void talk.shown.push(reworded(at(talk.shown.splice(-1), 0), /$/, '\n⏳ Working')),
  ],
  [
    'a button below the last words',
    /looks unfinished.*Stop/,
    talk => void Object.assign(at(talk.shown, -1), { buttons: ['Stop'] }),
  ],
  ['a placeholder that was left', /belongs to no answer/, talk => void talk.shown.push({ id: '9', text: '…', buttons: [] })],
  [
    'a 429 that nobody injected',
    /refused with 429, which nobody injected/,
    talk => void Object.assign(at(edits(talk), 1), { refused: 429 }),
  ],
  [
    'any other refusal',
    /refused with 400, which nobody injected/,
    talk => void Object.assign(at(edits(talk), 1), { refused: 400 }),
  ],
  ['an edit that changed nothing', /an edit changed nothing/, talk => void talk.calls.push(more(at(edits(talk), -1), 9000))],
  [
    'more calls than are allowed',
    /the budget was exceeded: \d+ calls in/,
    talk => {
      const call = at(edits(talk), 1)
      talk.calls.splice(3, 0, ...[1, 2, 3, 4, 5].map(ms => more(call, ms, { text: `faster ${ms}` })))
    },
  ],
  [
    'words that were away for a while',
    /were away for \d+ ms/,
    talk => {
      const last = at(talk.calls, -1)
      const first = at(talk.shown, 0)
      talk.calls.push(
        more(last, 9000, { message: first.id, text: 'one moment' }),
        more(last, 12_000, { message: first.id, text: first.text }),
      )
    },
  ],
  ['a model that has not ended', /has not ended/, talk => void Object.assign(at(talk.asked, 0), { saidAt: undefined })],
])('the judge sees %s', (_what, fault, spoil) => {
  const talk = recorded('Discord', /deltas/)
  spoil(talk)
  expect(judge(talk).faults.join('\n')).toMatch(fault)
})

test.each(['Telegram', 'Discord'] as const)(
  'the judge sees who does not wait after a 429, and who waits for that of others (%s)',
  wire => {
    const [hit, free] = [recorded(wire, /^429/), recorded(wire, /beside/)]
    const refused = hit.calls.findIndex(({ injected }) => injected)
    hit.calls.splice(refused + 1, 0, more(at(hit.calls, refused), 1500, { injected: false, text: 'too soon' }))
    delete at(hit.calls, refused + 1).refused
    expect(judge(hit).faults.join()).toMatch(/1500 ms after a 429 the next call came, not after 2000/)
    const { from = 0 } = free.others ?? {}
    free.others = { from, to: from + 7000 }
    free.calls = free.calls.filter(call => call.at < from || call.at > from + 7000)
    expect(judge(free).faults.join()).toMatch(/held this one up/)
  },
)

describe('what is read is compared by its letters', () => {
  const said =
    '# Report\n\nSee **this** [link](https://a.example/b).\n\n| Name | Nights |\n|---|---|\n| Ann | 3 |\n| Ben | 4 |\n\n```ts\nconst a = 1\n```\n\nThe end.'
  test.each<[string, string[], string[]]>([
    ['as it was written', [said], []],
    ['with a footer', [`${said}\n\n-# ✅ List tables 0.1 s · ✅ Other 1.0 s`], []],
    ['rendered', ['Report\nSee this link.\nName │ Nights\nAnn │ 3\nBen │ 4\nconst a = 1\nThe end.\n✅ List tables 0.1 s'], []],
    [
      'in parts, with the head of the table again',
      [said.slice(0, said.indexOf('| Ben')), said.slice(said.indexOf('| Ben')).replace(/^/, '| Name | Nights |\n|---|---|\n')],
      [],
    ],
    [
      'in parts, with the code opened again',
      [`${said.slice(0, said.indexOf(' = 1'))}\n\`\`\``, `\`\`\`ts\n${said.slice(said.indexOf(' = 1'))}`],
      [],
    ],
    [
      'by its beginning, beside a file that holds it whole',
      ['Report\nSee this link.\n\nThe whole answer is in the file.\n\n✅ List tables 0.1 s'],
      [said],
    ],
  ])('%s', (_how, parts, files) => {
    expect(deviation(said, parts, files)).toBeUndefined()
  })

  test.each<[string, string[], string[]]>([
    ['without its end', [said.replace('The end.', '')], []],
    ['without a row', [said.replace('| Ben | 4 |\n', '')], []],
    ['in another order', [said.slice(60), said.slice(0, 60)], []],
    ['beside a file that is not whole', ['Report'], [said.replace('| Ben | 4 |\n', '')]],
    ['beside a file, with another beginning', ['See this link.'], [said]],
  ])('%s it is not the same', (_how, parts, files) => {
    expect(deviation(said, parts, files)).toBeDefined()
  })
})

describe('the Discord wire', () => {
  const wires: DiscordWire[] = []
  afterAll(async () => void (await Promise.all(wires.map(wire => wire.close()))))
  const open = async (more: Partial<typeof asDiscord> = {}) => {
    const wire = await startDiscordWire({ ...asDiscord, ...more })
    wires.push(wire)
    const call = (path: string, authorization = `Bot ${wire.token}`, method = 'POST') =>
      fetch(`${wire.api}/v10${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(method === 'POST' && { body: JSON.stringify({ content: 'hello' }) }),
      })
    const statuses = async (count: number, ...how: Parameters<typeof call>) =>
      (await Promise.all(Array.from({ length: count }, () => call(...how)))).map(({ status }) => status)
    return { wire, call, statuses }
  }

  test('takes five posts in a channel in five seconds, and tells who has to wait how long', async () => {
    const { wire, call, statuses } = await open()
    const path = `/channels/${wire.world.channel.id}/messages`
    expect(await statuses(5, path)).toEqual([200, 200, 200, 200, 200])
    const refused = await call(path)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('x-ratelimit-scope')).toBe('user')
    expect(wire.messages()).toHaveLength(5)
    expect(await statuses(1, `/channels/${wire.world.dm.id}/messages`)).toEqual([200])
  })

  test('takes so many calls in all, and what goes through an interaction does not count', async () => {
    const { wire, statuses, call } = await open({ bucket: { limit: 1000, perMs: 1000 }, global: { limit: 3, perMs: 60_000 } })
    const path = `/channels/${wire.world.channel.id}/messages`
    expect(await statuses(3, path)).toEqual([200, 200, 200])
    const refused = await call(path)
    expect([refused.status, refused.headers.get('x-ratelimit-global')]).toEqual([429, 'true'])
    expect(await statuses(1, '/interactions/123456789012345678/token/callback')).not.toContain(429)
  })

  test('shuts an address out that makes too many invalid calls, but not for what others did', async () => {
    const { wire, statuses, call } = await open({ invalid: { limit: 3, perMs: 60_000 } })
    const path = `/channels/${wire.world.channel.id}/messages`
    wire.misbehave({ kind: '429', times: 5 })
    expect(await statuses(5, path)).toEqual([429, 429, 429, 429, 429])
    expect(await statuses(3, path, 'Bot nobody')).toEqual([401, 401, 401])
    const banned = await call(path)
    expect([banned.status, await banned.text()]).toEqual([429, 'error code: 1015'])
  })
})
