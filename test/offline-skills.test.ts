import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runAgent } from '../src/agent/agent.ts'
import { withHouseTools } from '../src/agent/house-tools.ts'
import { loadSkillTool } from '../src/agent/skills.ts'
import { readServers } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'
import { createHost } from '../src/mcp/host.ts'
import type { Entry, Tool } from '../src/model.ts'
import { valuesOf } from '../src/models/earlier.ts'
import { createOfflineModel } from '../src/models/offline.ts'
import { createSkills } from '../src/skills/shelf.ts'
import { readSkill, type Skill } from '../src/skills/skill.ts'
import type { Toolbox } from '../src/toolbox.ts'
import { fakeToolbox } from './fakes.ts'

const root = join(import.meta.dirname, '..')
const skills = createSkills({ folders: [join(root, 'skills')], log: silentLog })
await skills.refresh()

const string = { type: 'string' }
type Said = string | ((input: Record<string, unknown>) => string)
/** What a tool takes, what of that it needs, and what it returns; an answer that begins with "!" is a failure. */
type Shelf = Record<string, { takes?: string[]; needs?: string[]; says: Said }>

function boxOf(shelf: Shelf): Toolbox {
  const answers = Object.entries(shelf).map(([name, { says }]) => [
    name,
    (input: Record<string, unknown>) => {
      const text = typeof says === 'string' ? says : says(input)
      return { ok: !text.startsWith('!'), text: text.replace(/^!/, '') }
    },
  ])
  const toolbox = fakeToolbox(Object.fromEntries(answers))
  const tools = toolbox.list().map((tool): Tool => {
    const { takes = [], needs = takes } = shelf[tool.name] ?? { says: '' }
    const properties = Object.fromEntries(takes.map(name => [name, string]))
    const inputSchema = { type: 'object', properties, required: needs }
    return { ...tool, server: tool.name.split('__')[0] ?? '', inputSchema }
  })
  return withHouseTools({ ...toolbox, list: () => tools }, [loadSkillTool(skills, () => tools)])
}

/** The calls that were made, and the answer. */
async function ask(text: string, toolbox: Toolbox, known: Skill[] = skills.list(), past: Entry[] = []) {
  const options = {
    model: createOfflineModel(() => known),
    toolbox,
    system: '',
    maxSteps: 12,
    signal: new AbortController().signal,
  }
  const entries: Entry[] = []
  for await (const event of runAgent(past, [{ role: 'user', text }], options))
    if (event.type === 'entry') entries.push(event.entry)
  const calls = entries.flatMap(entry => (entry.role === 'assistant' ? entry.calls : []))
  return { calls: calls.map(({ name, input }) => [name, input]), answer: entries.at(-1)?.text ?? '' }
}

const link = 'https://www.tiktok.com/@ann/video/7106594312292453675'
const video = {
  video__analyse_video: {
    takes: ['file', 'url', 'question'],
    needs: [],
    says: '- title: Cat plays piano\n- seconds: 12\n- heard: none',
  },
  video__download_video: { takes: ['url'], says: '- file: clips/7106.mp4\n- title: Cat plays piano\n- bytes: 120000' },
}

test.each([
  [`analyse this video ${link}`, /^I am the built-in offline model: I have followed the plan of the skill `analyse-video`/],
  [`分析这个视频 ${link}`, /^我是内置的离线模型：我按技能 `analyse-video` 的计划一步一步执行/],
])('%j: downloads first, then looks into what was downloaded, and tells the facts', async (text, first) => {
  const { calls, answer } = await ask(text, boxOf(video))
  expect(calls).toEqual([
    ['video__download_video', { url: link }],
    ['video__analyse_video', { file: 'clips/7106.mp4', url: link }],
  ])
  expect(answer).toMatch(first)
  expect(answer.indexOf('clips/7106.mp4')).toBeLessThan(answer.indexOf('seconds: 12'))
})

test('what a failed step was for is not done', async () => {
  const { calls, answer } = await ask(
    `analyse ${link}`,
    boxOf({ ...video, video__download_video: { takes: ['url'], says: '!403 Forbidden' } }),
  )
  expect(calls.map(([name]) => name)).toEqual(['video__download_video'])
  expect(answer).toContain('`video · download_video` failed: 403 Forbidden')
})

test('a step whose tool is not there is left out, if the next can do without', async () => {
  const { calls } = await ask(`analyse ${link}`, boxOf({ video__analyse_video: video.video__analyse_video }))
  expect(calls).toEqual([['video__analyse_video', { url: link }]])
})

const found = {
  count: 2,
  items: [
    { type: 'tweet', tweet_id: '111222333', screen_name: 'ann', text: 'Robots, user: me' },
    { type: 'tweet', tweet_id: '444555666', screen_name: 'bob', text: 'b' },
  ],
}
const twitter: Shelf = {
  twitter__search_tweets: { takes: ['query'], says: JSON.stringify(found) },
  twitter__get_user_info: { takes: ['screenname', 'rest_id'], needs: ['screenname'], says: '- name: Somebody\n- sub_count: 7' },
  twitter__get_user_timeline: { takes: ['screenname'], says: '| tweet_id | text |\n| --- | --- |\n| 777888999 | hello |' },
  twitter__get_latest_replies: { takes: ['tweet_id'], says: '- text: nice' },
}

test.each<[string, unknown[]]>([
  [
    'research on twitter what people say: search for "robots"',
    [
      ['twitter__search_tweets', { query: 'robots' }],
      ['twitter__get_user_info', { screenname: 'ann' }],
      ['twitter__get_latest_replies', { tweet_id: '111222333' }],
    ],
  ],
  [
    'What do people think about solar robots on Twitter?',
    [
      ['twitter__search_tweets', { query: 'solar robots' }],
      ['twitter__get_user_info', { screenname: 'ann' }],
      ['twitter__get_latest_replies', { tweet_id: '111222333' }],
    ],
  ],
  [
    '推特上关于人工智能的看法',
    [
      ['twitter__search_tweets', { query: '人工智能' }],
      ['twitter__get_user_info', { screenname: 'ann' }],
      ['twitter__get_latest_replies', { tweet_id: '111222333' }],
    ],
  ],
  [
    'research on twitter: search for "robots" by @nasa',
    [
      ['twitter__search_tweets', { query: 'robots' }],
      ['twitter__get_user_info', { screenname: 'nasa' }],
      ['twitter__get_user_timeline', { screenname: 'nasa' }],
      ['twitter__get_latest_replies', { tweet_id: '777888999' }],
    ],
  ],
  [
    'look into the last 3 tweets of @nasa',
    [
      ['twitter__get_user_info', { screenname: 'nasa' }],
      ['twitter__get_user_timeline', { screenname: 'nasa' }],
      ['twitter__get_latest_replies', { tweet_id: '777888999' }],
    ],
  ],
])('%j: ids first, then details, then comments', async (text, calls) => {
  expect((await ask(text, boxOf(twitter))).calls).toEqual(calls)
})

test('a search that finds nothing ends the research', async () => {
  const empty = { ...twitter, twitter__search_tweets: { takes: ['query'], says: '[]' } }
  const { calls, answer } = await ask('research on twitter: search for "zzz"', boxOf(empty))
  expect(calls).toEqual([['twitter__search_tweets', { query: 'zzz' }]])
  expect(answer).toContain('returned nothing')
})

const idle: [string, Shelf, RegExp][] = [
  [
    'analyse this video for me',
    video,
    /For the skill `analyse-video` I need in your message: a link \(`https:\/\/…`\)\. For real answers set/,
  ],
  ['帮我分析视频', video, /要执行技能 `analyse-video`，消息里需要有：一个链接/],
  [`analyse ${link}`, {}, /is for this, but `download_video` and `analyse_video` are not connected/],
  [`分析视频 ${link}`, {}, /但 `download_video`、`analyse_video` 没有连接/],
  [
    'ask all sources about the strike',
    video,
    /The skill `compare-sources` is for this, but it has no plan.*needs a language model\. For real answers set/,
  ],
  ['对比各个来源', video, /这属于技能 `compare-sources`，但它没有我能照做的计划/],
  ['research on twitter', twitter, /I need in your message: the words to look for, in "quotes", or a name/],
  ['hello', video, /I can use 2 tools of video/],
]
test.each(idle)('%j: says what it cannot do, and how it could', async (text, shelf, sentence) => {
  const { calls, answer } = await ask(text, boxOf(shelf))
  expect(calls).toEqual([])
  expect(answer).toMatch(/^(?:I am the built-in offline model, not a language model|我是内置的离线模型，不是语言模型)/)
  expect(answer).toMatch(sentence)
})

test('a number that an argument wants is given as one, and what the plan leaves out is taken from the message', async () => {
  const text =
    '---\nname: dice\ndescription: d\nkeywords: [roll]\n---\nRoll.\n\n```json plan\n[{"tool":"roll","with":{"sides":"=6"}}]\n```\n'
  const toolbox = boxOf({ dice__roll: { says: '4' } })
  const properties = { sides: { type: 'integer' }, address: { type: 'string', format: 'uri' } }
  const tools = toolbox.list().map(tool => ({ ...tool, inputSchema: { type: 'object', properties, required: ['address'] } }))
  const { calls } = await ask(`roll it for ${link}`, { ...toolbox, list: () => tools }, [readSkill(text, 'dice')])
  expect(calls).toEqual([['dice__roll', { sides: 6, address: link }]])
})

test('what was asked before counts for nothing now', async () => {
  const toolbox = boxOf(video)
  const past: Entry[] = [
    { role: 'user', text: `analyse ${link}` },
    { role: 'assistant', text: '', calls: [{ id: 'c1', name: 'video__download_video', input: { url: link } }] },
    { role: 'tool', callId: 'c1', name: 'video__download_video', text: '- file: old.mp4', ok: true },
    { role: 'assistant', text: 'done', calls: [] },
  ]
  const { calls } = await ask(`analyse ${link}`, toolbox, skills.list(), past)
  expect(calls[1]).toEqual(['video__analyse_video', { file: 'clips/7106.mp4', url: link }])
})

const folder = mkdtempSync(join(tmpdir(), 'bellhop-offline-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the real database: tables, then columns, then the rows', async () => {
  const env = { PATH: process.env['PATH'], DB_PATH: join(folder, 'sample.db') }
  const entry = { command: 'node', args: ['servers/sqlite/sqlite.ts'], env: { DB_PATH: env.DB_PATH } }
  const { servers } = readServers(JSON.stringify({ mcpServers: { sqlite: entry } }), 'servers.json', env, root)
  const host = createHost({ log: silentLog })
  try {
    await host.start(servers)
    const toolbox = host.toolboxFor([])
    const [name = ''] = valuesOf(
      (await toolbox.call('sqlite__list_tables', {}, { signal: new AbortController().signal, onProgress() {} })).text,
      'table',
    )
    const asked = async (text: string) => {
      const { calls, answer } = await ask(text, toolbox)
      return { calls: calls.map(([tool, input]) => `${tool} ${JSON.stringify(input)}`), answer }
    }
    const counted = await asked(`数据库的 ${name} 表有多少行`)
    expect(counted.calls).toEqual([
      'sqlite__list_tables {}',
      `sqlite__describe_table {"table_name":"${name}"}`,
      `sqlite__read_query {"query":"SELECT count(*) FROM \\"${name}\\""}`,
    ])
    expect(counted.answer).toMatch(
      /^我是内置的离线模型：我按技能 `query-database`[\s\S]*read_query` 返回了以下结果：[\s\S]*\| \d+ \|/,
    )
    expect(counted.answer).not.toContain('list_tables')
    const listed = await asked('Which tables are there?')
    expect(listed.calls).toEqual(['sqlite__list_tables {}'])
    expect(listed.answer).toMatch(/^Here is what `sqlite · list_tables` returned:/)
    expect((await asked(`run this SQL on the database: SELECT count(*) FROM ${name}`)).calls).toHaveLength(1)
  } finally {
    await host.close()
  }
})

test.each<[string, string, string, string[]]>([
  ['JSON however deep', '{"a":[{"id":1},{"b":{"id":"2"}}],"id":""}', 'id', ['1', '2']],
  ['a list', '- id: 1\n  - id: `2`\n- kid: 3', 'id', ['1', '2']],
  ['a line of several', '- id: 1, text: a, b\n- text: a, id: 2', 'id', ['1', '2']],
  ['a table', '| id | text |\n| --- | :-: |\n| 1 | a |\n| 2 | b |\n\n| text |\n|---|\n| id |', 'id', ['1', '2']],
  ['a file in a sentence', 'Saved as clips/a.mp4 (3 MB).', 'file', ['clips/a.mp4']],
  ['nothing', 'No rows.', 'id', []],
])('values are found in %s', (_name, text, key, values) => {
  expect(valuesOf(text, key)).toEqual(values)
})
