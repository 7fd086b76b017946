import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { withHouseTools } from '../src/agent/house-tools.ts'
import { loadSkillTool, skillNotes } from '../src/agent/skills.ts'
import { loadConfig } from '../src/config/config.ts'
import { ConfigError } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { type Field, readFrontMatter } from '../src/skills/front-matter.ts'
import { createSkills, type Skills, skillsFor } from '../src/skills/shelf.ts'
import { readSkill } from '../src/skills/skill.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { dataFolder, startProcess } from './processes.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { answered, finals, testWorkers } from './workers.ts'

const shipped = join(import.meta.dirname, '../skills')
const never = { signal: new AbortController().signal, onProgress() {} }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellhop-skills-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function problemsOf(read: () => unknown): string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('front matter', () => {
  const good: [string, string, Record<string, Field>][] = [
    ['plain texts', 'name: a-b\ndescription: Does it: all of it', { name: 'a-b', description: 'Does it: all of it' }],
    ['quotes', `a: "x: \\"y\\" # z"\nb: 'it''s'`, { a: 'x: "y" # z', b: "it's" }],
    ['remarks and blank lines', '# first\n\na: x # why\n\n# last', { a: 'x' }],
    ['a sign for numbers within a word', 'a: c#', { a: 'c#' }],
    ['a list', 'a:\n  - x # why\n  - "y, z"\nb: 1', { a: ['x', 'y, z'], b: '1' }],
    ['a list that is not indented', 'a:\n- x\n- y\nb: 1', { a: ['x', 'y'], b: '1' }],
    ['a list in brackets', 'a: [x, "y, z", \'w\']', { a: ['x', 'y, z', 'w'] }],
    ['a list in brackets over lines', 'a: [x,\n  y]', { a: ['x', 'y'] }],
    ['a map', 'metadata:\n  version: "1.0"\n  author: ann', { metadata: { version: '1.0', author: 'ann' } }],
    ['a text over lines', 'a: one\n  two', { a: 'one two' }],
    ['a folded text', 'a: >-\n  one\n  two\n\n  three\nb: x', { a: 'one two\n\nthree', b: 'x' }],
    ['a text with its lines', 'a: |\n  one\n    two', { a: 'one\n  two' }],
    ['Chinese', 'a: 分析视频：内容', { a: '分析视频：内容' }],
    ['nothing', 'a:', { a: '' }],
  ]
  test.each(good)('%s', (_name, head, fields) => {
    expect(readFrontMatter(`---\n${head}\n---\n\nBody\n---\nmore\n`)).toEqual({ fields, body: 'Body\n---\nmore' })
    expect(readFrontMatter(`\uFEFF---\r\n${head.replaceAll('\n', '\r\n')}\r\n---\r\nBody`)).toEqual({ fields, body: 'Body' })
  })

  const bad: [string, string, RegExp][] = [
    ['none', 'name: x\n', /must begin with front matter/],
    ['no end', '---\nname: x\n', /must begin with front matter/],
    ['a line that says nothing', '---\nname: x\nhello\n---\n', /^line 3 is no "key: value": "hello"$/],
    ['a key twice', '---\na: x\na: y\n---\n', /^line 3 says "a" for the second time$/],
    ['a quote that does not end', '---\na: "x\n---\n', /^line 2 has a text in double quotes/],
    ['something behind a quote', "---\na: 'x' y\n---\n", /^line 2 has a text in single quotes/],
    ['a bracket that does not end', '---\na: [x\n---\n', /^line 2 opens a list/],
    ['an anchor', '---\na: &x y\n---\n', /^line 2 begins with a sign/],
    ['a tab', '---\na:\n\t- x\n---\n', /^line 3 is indented with a tab/],
    ['a list with a pair', '---\na:\n  - x\n  y\n---\n', /^line 3 is neither/],
  ]
  test.each(bad)('%s is told in one sentence', (_name, text, sentence) => {
    const problems = problemsOf(() => readFrontMatter(text))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(sentence)
  })
})

describe('a skill', () => {
  const head = (more: string) => `---\n${more}\n---\nDo it.`
  const bad: [string, string, RegExp][] = [
    ['no name', head('description: d'), /^it has no name$/],
    ['no description', head('name: x'), /^it has no description$/],
    ['capitals', head('name: X\ndescription: d'), /^its name is "X": it must be/],
    ['a hyphen at the end', head('name: x-\ndescription: d'), /must be 1 to 64/],
    ['two hyphens', head('name: x--y\ndescription: d'), /must be 1 to 64/],
    ['65 letters', head(`name: ${'x'.repeat(65)}\ndescription: d`), /must be 1 to 64/],
    ['another folder', head('name: y\ndescription: d'), /^its name is "y" and its folder is "x": they must be the same$/],
    ['1025 characters', head(`name: x\ndescription: ${'d'.repeat(1025)}`), /^its description has 1025 characters: at most 1024$/],
    ['keywords that are a map', head('name: x\ndescription: d\nkeywords:\n  a: b'), /^its keywords must be a list$/],
    [
      'a keyword with nothing behind its plus',
      head('name: x\ndescription: d\nkeywords: [a + ]'),
      /^its keyword "a \+" has an empty term$/,
    ],
    ['no instructions', '---\nname: x\ndescription: d\n---\n', /^it has no instructions/],
    ['a plan that is no JSON', `${head('name: x\ndescription: d')}\n\n\`\`\`json plan\nfoo\n\`\`\`\n`, /^its plan is not JSON$/],
    [
      'a plan with a source that there is none of',
      `${head('name: x\ndescription: d')}\n\n\`\`\`json plan\n[{"tool":"a","with":{"b":"message.mood"}}]\n\`\`\`\n`,
      /^its plan is wrong at "0\.with\.b/,
    ],
  ]
  test.each(bad)('with %s is told in one sentence', (_name, text, sentence) => {
    const problems = problemsOf(() => readSkill(text, 'x'))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(sentence)
  })

  test('is read whole, its plan apart from what the model reads', () => {
    const text = head('name: x\ndescription: d\nmetadata:\n  description-zh: 描述\nkeywords: a, b\ntools: [t]\nlicense: MIT')
    const plan = '```json plan\n[{ "tool": "t", "with": { "a": "message.url" }, "quiet": true }]\n```'
    expect(readSkill(`${text}\n\n${plan}\n`, 'x')).toEqual({
      name: 'x',
      description: 'd',
      descriptions: { zh: '描述' },
      keywords: ['a', 'b'],
      tools: ['t'],
      body: 'Do it.',
      plan: [{ tool: 't', with: { a: ['message.url'] }, quiet: true }],
    })
  })
})

function put(place: string, name: string, text: string): void {
  mkdirSync(join(place, name), { recursive: true })
  writeFileSync(join(place, name, 'SKILL.md'), text)
}
const skillText = (name: string, body = 'Do it.') => `---\nname: ${name}\ndescription: About ${name}.\n---\n${body}\n`

test('a bad skill is told once and takes no other down; a later folder wins; changes are seen', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  put(one, 'good', skillText('good', 'first'))
  put(one, 'both', skillText('both', 'of one'))
  put(two, 'both', skillText('both', 'of two'))
  put(two, 'bad', 'nothing')
  mkdirSync(join(two, 'empty'))
  const warned: object[] = []
  const log = { ...silentLog, warn: (facts: object) => void warned.push(facts) }
  const skills = createSkills({ folders: [one, two, join(folder, 'nowhere')], log })
  await skills.refresh()
  expect(skills.list().map(({ name, body }) => `${name}: ${body}`)).toEqual(['both: of two', 'good: first'])
  expect(skills.problems().toSorted()).toEqual([
    expect.stringMatching(/^The skill .*two\/bad\/SKILL\.md cannot be used: it must begin with front matter.*\.$/),
    expect.stringMatching(/^The skill .*two\/empty\/SKILL\.md cannot be read: ENOENT.*\.$/),
  ])
  expect(warned).toHaveLength(2)
  put(two, 'bad', skillText('bad', 'mended'))
  put(one, 'good', skillText('good', 'changed'))
  rmSync(join(two, 'both'), { recursive: true })
  await expect
    .poll(async () => {
      await skills.refresh()
      return skills.list().map(({ name, body }) => `${name}: ${body}`)
    })
    .toEqual(['bad: mended', 'both: of one', 'good: changed'])
  expect(warned).toHaveLength(2)
})

test('SKILLS_DIR is a folder that is there', () => {
  expect(loadConfig(folder, {}).skillsDir).toBe(join(folder, 'skills'))
  expect(loadConfig(folder, { SKILLS_DIR: folder }).skillsDir).toBe(folder)
  expect(problemsOf(() => loadConfig(folder, { SKILLS_DIR: 'nowhere' }))).toEqual([
    'SKILLS_DIR is "nowhere": there is no such folder',
  ])
})

async function shippedSkills(): Promise<Skills> {
  const skills = createSkills({ folders: [shipped], log: silentLog })
  await skills.refresh()
  return skills
}
const all = await shippedSkills()

test('those that Bellhop comes with are right, short, and described in Chinese too', () => {
  expect(all.problems()).toEqual([])
  expect(all.list().map(({ name }) => name)).toEqual(['analyse-video', 'compare-sources', 'query-database', 'twitter-research'])
  for (const skill of all.list()) {
    expect(skill.body.length).toBeLessThan(2500)
    expect(skill.description.length).toBeLessThan(250)
    expect(skill.descriptions['zh']).toMatch(/\p{Script=Han}/u)
    expect(skill.body).not.toContain('json plan')
  }
})

const link = 'https://www.tiktok.com/@ann/video/7106594312292453675'
const asked: [string, string][] = [
  [`Analyse this video: ${link}`, 'analyse-video'],
  [`analyze ${link}`, 'analyse-video'],
  ['Can you summarise the video for me?', 'analyse-video'],
  ['summarize https://youtu.be/dQw4w9WgXcQ please', 'analyse-video'],
  [`what happens in this clip ${link}`, 'analyse-video'],
  ["What's this video about?", 'analyse-video'],
  ['Help me understand this video', 'analyse-video'],
  ['Explain the reel', 'analyse-video'],
  ['TL;DR of https://www.youtube.com/watch?v=abc', 'analyse-video'],
  ['video analysis please', 'analyse-video'],
  ['请summarise这个video', 'analyse-video'],
  [`分析这个视频 ${link}`, 'analyse-video'],
  ['帮我分析视频', 'analyse-video'],
  ['这个视频讲了什么？', 'analyse-video'],
  ['视频内容是什么', 'analyse-video'],
  ['总结一下这个视频', 'analyse-video'],
  [`帮我看看 ${link} 说了什么`, 'analyse-video'],
  ['理解下面的短片', 'analyse-video'],
  ['https://www.bilibili.com/video/BV1xx 总结', 'analyse-video'],
  ['research what people on Twitter say about the new phone', 'twitter-research'],
  ['What do people on X think? Search tweets about "robots"', 'twitter-research'],
  ['find out the reactions on twitter to the launch', 'twitter-research'],
  ['Show the comments below https://x.com/nasa/status/1234567890', 'twitter-research'],
  ['look into the tweets of @nasa', 'twitter-research'],
  ['推特上大家对这件事怎么看', 'twitter-research'],
  ['调研一下推特上关于人工智能的讨论', 'twitter-research'],
  ['搜推文 机器人，并看看评论', 'twitter-research'],
  ['查一下 twitter 上的反应', 'twitter-research'],
  ['What is the average price? Look it up in the database', 'query-database'],
  ['how many rows are in rooms?', 'query-database'],
  ['Which tables are there?', 'query-database'],
  ['run an SQL query for me', 'query-database'],
  ['数据库里有多少客人', 'query-database'],
  ['rooms 表有多少条记录', 'query-database'],
  ['统计每个月的订单数据', 'query-database'],
  ['compare what the sources say about the price', 'compare-sources'],
  ['Ask all sources about the strike', 'compare-sources'],
  ['cross-check this across platforms', 'compare-sources'],
  ['Which sources returned nothing?', 'compare-sources'],
  ['对比各个平台的结果', 'compare-sources'],
  ['从多个来源核对这条新闻', 'compare-sources'],
  ['哪些渠道没有结果？', 'compare-sources'],
]

test.each(asked)('%j asks for %s', (text, name) => {
  expect(skillsFor(text, all.list()).map(skill => skill.name)).toContain(name)
})

test('each of these has one skill first, the right one', () => {
  const first = asked.filter(([text, name]) => skillsFor(text, all.list())[0]?.name !== name)
  expect(first).toEqual([])
})

test('the skill with the most of its keywords comes first', () => {
  const skill = (name: string, keywords: string) =>
    readSkill(`---\nname: ${name}\ndescription: d\nkeywords: [${keywords}]\n---\nDo it.`, name)
  const names = skillsFor('a cat and a dog', [skill('one', 'cat'), skill('two', 'cat, dog, bird')]).map(({ name }) => name)
  expect(names).toEqual(['two', 'one'])
})

const idle = [
  'hello',
  'what can you do?',
  'Book a table for two',
  'What time is it in Oslo?',
  'Translate "good morning" into German',
  link,
  `download ${link}`,
  'Analyse this poem',
  'summarise the article https://example.com/a',
  'I am an analyst of videography',
  'Explain videography to me',
  'who is @nasa?',
  'The source of the Nile',
  'he is a resourceful person, compared with others',
  'tell me a joke about tweeters',
  'x = 3, and y?',
  '你好',
  '分析这首诗',
  '今天天气怎么样？',
  '这代表什么意思',
  '发表你的看法',
  '比较一下这两首诗',
  '来源于生活',
]

test.each(idle)('%j asks for none', text => {
  expect(skillsFor(text, all.list()).map(skill => skill.name)).toEqual([])
})

const notes = (text: string, tools = fakeToolbox({ tiktok__download_video: () => ({ ok: true, text: '' }) }).list()) =>
  skillNotes([aMessage(text)], all.list(), tools).join('\n\n')

test('the model always reads the descriptions, and a whole skill when the message asks for it, with which tools are there', () => {
  const plain = notes('hello')
  for (const { name, description } of all.list()) expect(plain).toContain(`- ${name}: ${description}`)
  expect(plain).not.toContain('Download first')
  const whole = notes(`分析视频 ${link}`)
  expect(whole).toContain('Download first')
  expect(whole).toContain('- `tiktok__download_video` is connected')
  expect(whole).toContain('- `analyse_video` is not connected')
  expect(skillNotes([aMessage('hi')], [], [])).toEqual([])
})

test('of a quoted message only links count, and what was taken back not at all', () => {
  const quoted = { author: 'Bob', text: `compare all sources ${link}`, attachments: [] }
  const said = skillNotes([aMessage('总结一下', { quoted })], all.list(), []).join('\n')
  expect(said).toContain('Skill "analyse-video"')
  expect(said).not.toContain('Skill "compare-sources"')
  expect(skillNotes([aMessage('analyse the video', { withdrawn: true })], all.list(), []).join('\n')).not.toContain('Skill "')
})

test('a skill is loaded by name, and an unknown one is answered with those there are', async () => {
  const toolbox = withHouseTools(fakeToolbox({ clock: () => ({ ok: true, text: 'noon' }) }), [loadSkillTool(all, () => [])])
  expect(toolbox.list().map(({ name, server }) => [name, server])).toEqual([
    ['clock', 'fake'],
    ['load_skill', 'bellhop'],
  ])
  expect(toolbox.resolve('load_skill')?.repeatable).toBe(true)
  expect(toolbox.resolve('clock')?.server).toBe('fake')
  expect(await toolbox.call('clock', {}, never)).toEqual({ ok: true, text: 'noon' })
  expect(await toolbox.call('load_skill', { name: 'query-database' }, never)).toEqual({
    ok: true,
    text: expect.stringContaining('`list_tables` first'),
  })
  expect(await toolbox.call('load_skill', { name: 'cook' }, never)).toEqual({
    ok: false,
    text: 'There is no skill "cook". There is: analyse-video, compare-sources, query-database, twitter-research.',
  })
})

describe('in a turn', async () => {
  const { rooms, work, ask, receive, clear, close } = await testWorkers()
  afterEach(clear)
  afterAll(close)

  test('the system prompt has the skill that the message asks for', async () => {
    const chat = fakeChat({ editEveryMs: 1 })
    const model = scriptedModel([call('load_skill', { name: 'compare-sources' })], [say('done')])
    const toolbox = withHouseTools(fakeToolbox(), [loadSkillTool(all, () => [])])
    await work(chat, model, toolbox, silentLog, { skills: all })
    await ask(aMessage(`分析视频 ${link}`))
    await answered(chat, 1)
    expect(model.heard[0]?.system).toContain('Skill "analyse-video"')
    expect(model.heard[0]?.system).not.toContain('Skill "compare-sources"')
    expect(model.heard[1]?.transcript.at(-1)).toMatchObject({
      ok: true,
      text: expect.stringContaining('Skill "compare-sources"'),
    })
  })

  test('/skills lists them in the language of the reader', async () => {
    const chat = fakeChat({ editEveryMs: 1 })
    const hear = async (text: string, locale: string) => {
      const before = finals(chat).length
      await receive(chat, aMessage(text, { author: { id: 'u', name: 'Ann', locale } }))
      await answered(chat, before + 1)
      return finals(chat).at(-1)
    }
    expect(await hear('/skills', 'en')).toContain('No worker is running')
    const notice = { worker: 'w', model: 'm', servers: [], tools: [] }
    await rooms.board.post(notice)
    expect(await hear('/skills', 'en')).toBe('I have no skills at the moment. An operator adds them as folders in `SKILLS_DIR`.')
    expect(await hear('/skills', 'zh')).toContain('目前没有技能')
    await rooms.board.post({ ...notice, skills: all.list() })
    expect(await hear('/skills', 'en')).toMatch(/just ask[\s\S]*- \*\*analyse-video\*\* · Analyse, understand/)
    expect(await hear('/skills', 'zh')).toMatch(/任务[\s\S]*- \*\*analyse-video\*\* · 分析、理解或总结/)
  })
})

test('a whole house offers its skills to its model, with those of its operator, and tells of them', async () => {
  const data = dataFolder()
  const wire = await startOpenAiWire({ script: [{ calls: [{ name: 'load_skill', input: { name: 'cook' } }] }, { text: 'done' }] })
  const own = join(folder, 'own')
  put(own, 'cook', skillText('cook', 'Boil it.'))
  const house = startProcess({ DATA_DIR: data.path, SKILLS_DIR: own, LOG_LEVEL: 'warn', OPENAI_BASE_URL: wire.url })
  try {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await house.says(/Servers\s/))?.[0] ?? ''
    const say = async (message: string) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/chat`, { method: 'POST', headers, body: JSON.stringify({ message }) })
      return ((await response.json()) as { response: string }).response
    }
    expect(await say(`分析视频 ${link}`)).toContain('done')
    const [first, second] = wire.requests.map(({ body }) => body)
    expect(first?.tools?.map(tool => tool.function.name)).toContain('load_skill')
    expect(first?.messages[0]?.content).toMatch(/- cook: About cook\.[\s\S]*Skill "analyse-video":/)
    expect(second?.messages.at(-1)?.content).toContain('Boil it.')
    await expect.poll(() => say('/skills')).toContain('**cook** · About cook.')
  } finally {
    await house.end()
    await wire.close()
    data.remove()
  }
}, 60_000)

test('both papers name every skill that Bellhop comes with', () => {
  for (const file of ['README.md', 'README.zh-CN.md']) {
    const paper = readFileSync(join(shipped, '..', file), 'utf8')
    for (const { name } of all.list()) expect(paper).toContain(`\`${name}\``)
  }
})
