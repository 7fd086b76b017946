import { setTimeout as sleep } from 'node:timers/promises'
import type { WireReply } from '../wire/openai.ts'
import type { Talk } from './record.ts'
import type { Place, Side } from './sides.ts'
import type { Stage } from './stage.ts'
import { longAnswer, tokens } from './texts.ts'

/** Something that happens to a bot, on one side. Resolves with what was recorded in each of its places. */
export type Situation = (stage: Stage, side: Side) => Promise<Talk[]>

const videoTurn: WireReply[] = [
  {
    text: 'I download it first.',
    calls: [{ name: 'demo__download_video', input: { url: 'https://www.tiktok.com/@a/video/1' } }],
  },
  {
    calls: [
      { name: 'demo__understand_video', input: { file: 'v1.mp4' } },
      { name: 'sqlite__list_tables', input: {} },
    ],
  },
  {
    text: 'A cat sits before a piano for twelve seconds, looks around, and then plays **three notes** with great confidence until the end.',
    tokenMs: 80,
  },
]
const tablesTurn: WireReply[] = [
  { calls: [{ name: 'sqlite__list_tables', input: {} }] },
  { text: 'There are four tables: **bookings**, **guests**, **orders** and **rooms**.', tokenMs: 20 },
]

/** A fast turn with one tool, and then one with three and their progress. */
export const tools: Situation = async (stage, side) => {
  const [quick, slow] = [side.open('one tool', 'private'), side.open('three tools', 'private')]
  return Promise.all([
    oneTurn(stage, quick, 'Which tables are there?', tablesTurn),
    oneTurn(stage, slow, 'Analyse this video: https://www.tiktok.com/@a/video/1', videoTurn),
  ])
}

/** An answer that is longer than a message, with code, a table and Chinese. */
export const long: Situation = async (stage, side) => {
  const place = side.open('9,000 characters', 'private')
  return [await oneTurn(stage, place, 'Write the whole report.', [{ text: longAnswer, tokenMs: 9 }])]
}

export const flood =
  (seconds = 20, perSecond = 40): Situation =>
  async (stage, side) => {
    const place = side.open(`${perSecond} deltas a second for ${seconds} s`, 'private')
    const text = tokens(seconds * perSecond, 'flood')
    return [await oneTurn(stage, place, 'Flood me.', [{ text, tokenMs: 1000 / perSecond }])]
  }

/** Two people are answered at the same time; in the middle the platform wants silence in the one chat. */
export const refusal =
  (seconds = 20, retryAfter = 7): Situation =>
  async (stage, side) => {
    const [hit, free] = [side.open(`429 for ${retryAfter} s`, 'private'), side.open('a chat beside it', 'private')]
    const answer = (name: string): WireReply[] => [{ text: tokens(seconds * 20, name), tokenMs: 50 }]
    const inHit = stage.ask(hit, `Tell me a story, ${side.name}, in the chat that is refused.`, answer('hit'))
    const inFree = stage.ask(free, `Tell me a story, ${side.name}, in the chat beside it.`, answer('free'))
    await sleep(seconds * 250)
    side.refuse(hit, retryAfter)
    const talk = await stage.record(hit, [inHit], { retryAfterMs: retryAfter * 1000 })
    const from = talk.calls.find(({ injected }) => injected)?.at ?? Number.NaN
    const others = { from, to: Math.min(from + retryAfter * 1000, inFree.askedAt + seconds * 1000) }
    return [talk, await stage.record(free, [inFree], { others })]
  }

/** Two conversations of which every call counts in the same lane: two topics of a group, or two people in one channel, of whom one waits. */
export const together: Situation = async (stage, side) => {
  const place = side.open(side.name === 'Telegram' ? 'two topics of one group' : 'two people in one channel', 'group')
  const ask = (person: number) => {
    const text = tokens(200, person === 0 ? 'ada' : 'ben')
    const question = `What do you tell ${person === 0 ? 'Ada' : 'Ben'} on ${side.name}?`
    return stage.ask(place, question, [{ text, tokenMs: 60 }], { person, topic: 7 + person })
  }
  const first = ask(0)
  await sleep(200)
  return [await stage.record(place, [first, ask(1)])]
}

/** Half of the time a tool tells how far it is, half of it the model speaks slowly. */
export const marathon =
  (seconds = 180): Situation =>
  async (stage, side) => {
    const place = side.open(`a turn of ${seconds} s in a group`, 'group')
    const words = Math.round(seconds / 2 / 0.4)
    return [
      await oneTurn(stage, place, 'Take your time.', [
        { text: 'This will take a while.', calls: [{ name: 'demo__long_work', input: { seconds: seconds / 2 } }] },
        { text: tokens(words, 'slow'), tokenMs: 400 },
      ]),
    ]
  }

async function oneTurn(stage: Stage, place: Place, question: string, script: WireReply[]): Promise<Talk> {
  return stage.record(place, [stage.ask(place, `${question} (${place.side.name})`, script)])
}
