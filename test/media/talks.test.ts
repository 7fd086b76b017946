// "Analyse this video" from the question to the picture, on both wires, in both languages, by a model and without one.
// TRANSCRIPTS=<folder> writes there what was recorded.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireBody, WireMessage, WireReply } from '../wire/openai.ts'
import { picturesIn } from '../wire/openai-media.ts'
import { type Cinema, openCinema, type Recording, transcriptOf } from './cinema.ts'

/** Downloads, looks, and then says what the tools have told it. */
function scripted({ messages }: WireBody): WireReply {
  const asked = textOf(messages.find(({ role }) => role === 'user'))
  const [downloaded = '', seen = ''] = messages.filter(({ role }) => role === 'tool').map(textOf)
  if (downloaded === '') return { calls: [{ name: 'video__download_video', input: { url: /http\S+/.exec(asked)?.[0] } }] }
  const file = /^- file: (\S+)/m.exec(downloaded)?.[1]
  if (seen === '') return { calls: [{ name: 'video__analyse_video', input: { file } }] }
  const [seconds, heard] = [/^- seconds: (\d+)/m.exec(seen)?.[1], /^- transcript: (.*)/m.exec(seen)?.[1]]
  const pictures = picturesIn(messages).length
  return /分析/.test(asked)
    ? { text: `视频长 ${seconds} 秒，我看了 ${pictures} 张图：先是测试图，后来是蓝色画面。听到：“${heard}”`, tokenMs: 20 }
    : { text: `It lasts ${seconds} s, I saw ${pictures} pictures: a test card, then blue. It says “${heard}”`, tokenMs: 20 }
}

const textOf = (message: WireMessage | undefined) =>
  typeof message?.content === 'string' ? message.content : JSON.stringify(message?.content ?? '')

const recordings: Record<string, Recording> = {}
const cinemas: Cinema[] = []

/** All four at the same time. */
beforeAll(async () => {
  cinemas.push(...(await Promise.all([openCinema(scripted), openCinema()])))
  const asked = cinemas.flatMap(({ ask, clip }, at) =>
    [ask('Telegram', `分析这个视频 ${clip}`), ask('Discord', `Analyse this video ${clip}?again`)].map(async answered => {
      const recording = await answered
      recordings[`${at === 0 ? 'scripted' : 'offline'} ${recording.wire}`] = recording
    }),
  )
  await Promise.all(asked)
})
afterAll(() => Promise.all(cinemas.map(({ close }) => close())))

describe.each(['scripted', 'offline'])('the %s model', model => {
  test.each([
    ['Telegram', '思考中…', '停止'],
    ['Discord', 'thinking…', 'Stop'],
  ])('on %s: the percent of the download, what is looked at, one picture, the answer', (wire, thinking, stop) => {
    const recording = recordings[`${model} ${wire}`]
    if (!recording) throw new Error('nothing was recorded')
    keep(`${model}-${wire.toLowerCase()}`, recording)
    const edits = recording.calls.filter(({ kind }) => kind === 'edit' || kind === 'post')
    const live = edits.filter(({ buttons }) => buttons.includes(stop)).map(({ text }) => text)
    expect(live[0]).toContain(thinking)
    const downloads = live.flatMap(text => /⏳ Download video · (\d+) % · downloading/.exec(text)?.[1] ?? []).map(Number)
    expect(downloads.length).toBeGreaterThan(0)
    expect(downloads).toEqual(downloads.toSorted((a, b) => a - b))
    const looks = live.filter(text => /✅ Download video[\s\S]*⏳ Analyse video · \d+ % · analysing… [a-z]/.test(text))
    expect(looks.length).toBeGreaterThan(0)
    expect(recording.calls.filter(({ refused }) => refused !== undefined)).toEqual([])
    const [answer] = recording.shown
    expect(answer?.text).toMatch(/✅ Download video [\d.]+ s · ✅ Analyse video [\d.]+ s$/)
    expect(recording.calls.filter(({ kind }) => kind === 'file').map(({ text }) => text)).toEqual(['image-1.jpg'])
  })
})

test.each([
  ['scripted Telegram', /^视频长 6 秒，我看了 4 张图：先是测试图，后来是蓝色画面。听到：“Meow, said the cat\.”/],
  ['scripted Discord', /^It lasts 6 s, I saw 4 pictures: a test card, then blue\. It says “Meow, said the cat\.”/],
  [
    'offline Telegram',
    /^我是内置的离线模型：我按技能 analyse-video[\s\S]*返回了以下结果[\s\S]*640[\s\S]*no TRANSCRIBE_MODEL is set here/,
  ],
  ['offline Discord', /^I am the built-in offline model[\s\S]*returned:[\s\S]*640[\s\S]*no TRANSCRIBE_MODEL is set here/],
])('%s: the answer says what the tools have found', (name, sentence) => {
  expect(recordings[name]?.shown[0]?.text).toMatch(sentence)
})

test('on Telegram the picture is a photo', () => {
  const methods = recordings['scripted Telegram']?.calls.filter(({ kind }) => kind === 'file').map(({ method }) => method)
  expect(methods).toEqual(['sendPhoto'])
})

function keep(name: string, recording: Recording): void {
  const folder = process.env['TRANSCRIPTS']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.txt`), transcriptOf(recording))
}
