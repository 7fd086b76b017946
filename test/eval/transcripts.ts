import type { Call, Talk } from '../demo/record.ts'
import type { Side } from '../demo/sides.ts'
import { openStage, type Stage } from '../demo/stage.ts'
import type { WireReply } from '../wire/openai.ts'

/** A question and what the model makes of it, about something of each wire's own. */
interface Talking {
  title: string
  question: string
  script: WireReply[]
}

export type Language = 'en' | 'zh'

const tokenMs = 40
const calls = (...made: [string, Record<string, string>][]): WireReply => ({
  calls: made.map(([name, input]) => ({ name, input })),
})

const about = { Telegram: { en: 'robots', zh: '机器人', clip: '7106' }, Discord: { en: 'drones', zh: '无人机', clip: '7107' } }

function video(wire: Talk['wire'], language: Language): Talking {
  const url = `https://www.tiktok.com/@ann/video/${about[wire].clip}`
  const answer = {
    en: 'A grey cat plays the piano for twelve seconds, and somebody says “bravo”.',
    zh: '一只灰猫弹了十二秒钢琴，有人说“bravo”。',
  }
  return {
    title: 'a video: download, analyse, summarise',
    question: { en: `Analyse this video: ${url}`, zh: `分析这个视频：${url}` }[language],
    script: [
      calls(['video__download_video', { url }]),
      calls(['video__analyse_video', { file: 'clips/7106.mp4' }]),
      { text: answer[language], tokenMs },
    ],
  }
}

function twitter(wire: Talk['wire'], language: Language): Talking {
  const topic = about[wire][language]
  const answer = {
    en: 'Ann Example (7,100 followers) writes “They are kind”; ben replies “I doubt it”.',
    zh: 'Ann Example（7100 个粉丝）写道“They are kind”；ben 回复：“I doubt it”。',
  }
  return {
    title: 'twitter: search, user info, replies',
    question: { en: `What does Twitter say about ${topic}, and what is replied?`, zh: `推特上怎么说${topic}？有什么评论？` }[
      language
    ],
    script: [
      calls(['twitter__search_tweets', { query: topic }]),
      calls(['twitter__get_user_info', { screenname: 'ann' }]),
      calls(['twitter__get_latest_replies', { tweet_id: '1112223334' }]),
      { text: answer[language], tokenMs },
    ],
  }
}

/** `forgets`: the model says nothing of those that gave nothing. */
function sources(wire: Talk['wire'], language: Language, forgets: boolean): Talking {
  const query = about[wire][language]
  const found = { en: 'Two posts on Twitter: they are kind, and they are slow.', zh: '推特上有两条：它们很友善，也很慢。' }
  const others = {
    en: 'The others gave nothing:\n- jianshu: no hits; try a broader word.\n- tiktok: refused (403); an operator has to set TIKTOK_COOKIES.\n- weibo: no answer within 2 s; ask again.',
    zh: '其他来源没有结果：\n- 简书（jianshu）：没有结果，请换一个更宽泛的词。\n- tiktok：被拒绝（403），请管理员设置 TIKTOK_COOKIES。\n- 微博（weibo）：2 秒内没有回应，请再试一次。',
  }
  const text = [found[language], ...(forgets ? [] : [others[language]])].join('\n\n')
  const more = forgets
    ? { en: ' In one sentence.', zh: '一句话。' }
    : { en: ' Say which gave nothing, and why.', zh: '哪些没有结果，为什么？' }
  return {
    title: `four sources: one fine, one empty, one refused, one silent${forgets ? '; the model forgets three of them' : ''}`,
    question: { en: `What do all sources say about ${query}?`, zh: `所有来源怎么说${query}？` }[language] + more[language],
    script: [
      calls(
        ['twitter__search_tweets', { query }],
        ['jianshu__search_articles', { query }],
        ['tiktok__search_videos', { query }],
        ['weibo__search_posts', { query }],
      ),
      { text, tokenMs },
    ],
  }
}

const openIn = (language: Language) => openStage({ servers: 'test/eval/chat.servers.json', locale: language })

async function talk(stage: Stage, side: Side, { title, question, script }: Talking): Promise<Talk> {
  const place = side.open(title, 'private')
  return stage.record(place, [stage.ask(place, question, script)])
}

/** On both wires at once, with a model that tells of the sources that gave nothing and with one that forgets them. */
export async function recordSources(language: Language): Promise<Talk[]> {
  const stage = await openIn(language)
  const both = stage.sides.flatMap(side => [false, true].map(forgets => talk(stage, side, sources(side.name, language, forgets))))
  return Promise.all(both).finally(stage.close)
}

/** Prints every talk as it is seen in the chat. Resolves with the exit code. */
export async function printTranscripts(): Promise<number> {
  for (const language of ['en', 'zh'] as const) {
    const stage = await openIn(language)
    const scenes = [
      video,
      twitter,
      ...[false, true].map(
        forgets =>
          (...of: Parameters<typeof video>) =>
            sources(...of, forgets),
      ),
    ]
    const all = stage.sides.flatMap(side => scenes.map(scene => talk(stage, side, scene(side.name, language))))
    for (const one of await Promise.all(all).finally(stage.close)) print(one, language)
  }
  return 0
}

/** What a person sees: the question, what the reply says after each change, and with which buttons. */
function print({ wire, place, asked, calls: made, shown }: Talk, language: Language): void {
  console.log(`\n━━ ${wire} · ${language} · ${place} ━━`)
  const [question] = asked
  console.log(`\n  Ada: ${question?.question}\n`)
  for (const call of made) if (call.kind !== 'other') console.log(`${screen(call, question?.askedAt ?? 0)}\n`)
  console.log('  in the end:')
  for (const { text } of shown) console.log(indent(text))
}

function screen({ at, kind, text, buttons, refused }: Call, began: number): string {
  const seconds = ((at - began) / 1000).toFixed(1)
  const head = `  ${seconds} s, ${kind === 'post' ? 'the bot replies' : 'the reply is now'}${refused === undefined ? '' : ` (refused: ${refused})`}:`
  return [head, indent(text), ...(buttons.length > 0 ? [`    [${buttons.join('] [')}]`] : [])].join('\n')
}

const indent = (text: string) => text.replace(/^/gm, '  │ ')
