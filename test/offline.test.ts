import { expect, test } from 'vitest'
import type { Entry, ModelEvent, Tool } from '../src/model.ts'
import { chooseTool } from '../src/models/choose.ts'
import { exampleQuestions } from '../src/models/example.ts'
import { createOfflineModel } from '../src/models/offline.ts'
import { isEmptyResult, makeReadable } from '../src/models/readable.ts'

const string = { type: 'string' }

function tool(
  name: string,
  description: string,
  properties: Record<string, unknown> = {},
  required = Object.keys(properties),
): Tool {
  const inputSchema = { type: 'object', properties, required }
  return { name, description, inputSchema, label: name, server: name.split('__')[0] ?? '', repeatable: false }
}

const sqlite = [
  tool('sqlite__list_tables', 'List all tables in the SQLite database'),
  tool('sqlite__describe_table', 'Describe one table: its columns, types and keys', { table_name: string }),
  tool('sqlite__read_query', 'Run one SQL SELECT query', { query: string }),
  tool('sqlite__write_query', 'Run one SQL INSERT, UPDATE or DELETE statement', { query: string }),
  tool('sqlite__create_table', 'Create a new table with one SQL CREATE statement', { query: string }),
  tool('sqlite__append_insight', 'Add an insight to the memo', { insight: string }),
]
const all = [
  ...sqlite,
  tool('video__download_video', 'Download a video from TikTok and others', { url: string }),
  tool('video__analyse_video', 'Analyse a video: length, frames, sound', { file: string, url: string, question: string }, []),
  tool('twitter__get_user_info', 'Information about a Twitter user', { screenname: string, rest_id: string }, ['screenname']),
  tool('twitter__get_user_timeline', 'Tweets of a user', { screenname: string }),
  tool('twitter__get_user_followers', 'Followers', { screenname: string, blue_verified: { type: 'integer' } }, ['screenname']),
  tool('twitter__get_tweet_info', 'One tweet', { tweet_id: string }),
  tool('twitter__get_latest_replies', 'Latest replies to a tweet', { tweet_id: string }),
  tool('twitter__get_trends', 'Trends of a country', { country: string }),
  tool('twitter__search_tweets', 'Search tweets', { query: string, search_type: { type: 'string', enum: ['Top', 'Latest'] } }, [
    'query',
  ]),
  tool('workbench__web_search', 'Search the web', { query: string }),
  tool('workbench__fetch_page', 'Fetch a web page as readable text', { url: string }),
  tool('workbench__run_command', 'Run an allowed command', { command: string }),
  tool('workbench__system_info', 'Operating system, memory, load'),
  tool('notes__delete_notes', 'Delete all notes'),
  tool('dice__roll', 'Roll dice', { sides: { type: 'integer' } }),
]

const url = 'https://www.tiktok.com/@ann/video/7106594312292453675'
const called: [string, string, object][] = [
  ['which tables are there?', 'sqlite__list_tables', {}],
  ['What tables do you have', 'sqlite__list_tables', {}],
  ['tables?', 'sqlite__list_tables', {}],
  ['有哪些表？', 'sqlite__list_tables', {}],
  ['列出所有表', 'sqlite__list_tables', {}],
  ['describe the table rooms', 'sqlite__describe_table', { table_name: 'rooms' }],
  ['which columns does the rooms table have?', 'sqlite__describe_table', { table_name: 'rooms' }],
  ['show me the structure of rooms', 'sqlite__describe_table', { table_name: 'rooms' }],
  ['描述 rooms 表', 'sqlite__describe_table', { table_name: 'rooms' }],
  ['rooms表的结构', 'sqlite__describe_table', { table_name: 'rooms' }],
  ['SELECT count(*) FROM rooms', 'sqlite__read_query', { query: 'SELECT count(*) FROM rooms' }],
  ['select id, max(price) from rooms;', 'sqlite__read_query', { query: 'select id, max(price) from rooms' }],
  ['please run SELECT * FROM rooms WHERE id = 3;', 'sqlite__read_query', { query: 'SELECT * FROM rooms WHERE id = 3' }],
  ['```sql\nselect 1\n```', 'sqlite__read_query', { query: 'select 1' }],
  ['查询：select * from rooms', 'sqlite__read_query', { query: 'select * from rooms' }],
  ['how many rows are in rooms?', 'sqlite__read_query', { query: 'SELECT count(*) FROM "rooms"' }],
  ['rooms 表有多少行', 'sqlite__read_query', { query: 'SELECT count(*) FROM "rooms"' }],
  ['show me the rows of rooms', 'sqlite__read_query', { query: 'SELECT * FROM "rooms" LIMIT 20' }],
  ['INSERT INTO rooms VALUES (1)', 'sqlite__write_query', { query: 'INSERT INTO rooms VALUES (1)' }],
  ['CREATE TABLE beds (id int)', 'sqlite__create_table', { query: 'CREATE TABLE beds (id int)' }],
  ['create view v as select 1', 'sqlite__create_table', { query: 'create view v as select 1' }],
  ['append the insight "rooms are full"', 'sqlite__append_insight', { insight: 'rooms are full' }],
  [`download ${url}`, 'video__download_video', { url }],
  [`下载这个视频：${url}。`, 'video__download_video', { url }],
  [`分析这个视频 ${url}`, 'video__analyse_video', { url }],
  [`Can you analyze this clip (${url})?`, 'video__analyse_video', { url }],
  ['who is @nasa?', 'twitter__get_user_info', { screenname: 'nasa' }],
  ['followers of @nasa', 'twitter__get_user_followers', { screenname: 'nasa' }],
  ['@nasa 的粉丝', 'twitter__get_user_followers', { screenname: 'nasa' }],
  ['tweets of @nasa', 'twitter__get_user_timeline', { screenname: 'nasa' }],
  ['replies to https://x.com/nasa/status/1234567890', 'twitter__get_latest_replies', { tweet_id: '1234567890' }],
  ['get tweet 1234567890', 'twitter__get_tweet_info', { tweet_id: '1234567890' }],
  ['trends in Japan', 'twitter__get_trends', { country: 'Japan' }],
  ['search tweets for "blue moon"', 'twitter__search_tweets', { query: 'blue moon' }],
  ['search the latest tweets about robots', 'twitter__search_tweets', { query: 'robots', search_type: 'Latest' }],
  ['搜索推文 人工智能', 'twitter__search_tweets', { query: '人工智能' }],
  ['search for cats', 'workbench__web_search', { query: 'cats' }],
  ['fetch the page https://example.com/a.', 'workbench__fetch_page', { url: 'https://example.com/a' }],
  ['run the command "ls -l"', 'workbench__run_command', { command: 'ls -l' }],
  ['system info', 'workbench__system_info', {}],
  ['roll 20', 'dice__roll', { sides: 20 }],
]

test.each(called)('%j calls %s', (text, name, input) => {
  const choice = chooseTool(text, all)
  expect([choice?.tool.name, choice?.input]).toEqual([name, input])
})

const words = [
  'hello',
  'what can you do?',
  'I want to book a table for two',
  'describe how tables are made',
  'select a good room from the list',
  'what does SELECT mean?',
  'create a table for me',
  'insert a row into rooms',
  'delete everything',
  'delete notes',
  'run the tests',
  'update me on the news',
  'how do I analyse a video?',
  'download something nice',
  'roll',
  'roll 2.5',
  'mail ann@example.com',
  url,
  '你好',
  '这代表哪些意思',
  '',
]

test.each(words)('%j calls nothing', text => {
  expect(chooseTool(text, all)?.tool.name).toBeUndefined()
})

test('a statement that writes goes to no tool that reads, and to no search', () => {
  const readers = all.filter(one => !['sqlite__write_query', 'sqlite__create_table'].includes(one.name))
  expect(chooseTool('DROP TABLE rooms', readers)).toBeUndefined()
  expect(chooseTool('DROP TABLE rooms', all)?.tool.name).toBe('sqlite__write_query')
})

test('two tools that fit alike are a question, not a call', () => {
  const twins = [tool('a__get_weather', 'Weather', { city: string }), tool('b__get_weather', 'Weather', { city: string })]
  expect(chooseTool('weather in Oslo', twins)).toBeUndefined()
  expect(chooseTool('weather in Oslo', twins.slice(1))?.input).toEqual({ city: 'Oslo' })
})

test.each([false, true])('every example that it gives is one that it understands (Chinese: %s)', chinese => {
  const examples = exampleQuestions(all, 50, chinese)
  expect(examples.length).toBeGreaterThan(10)
  for (const example of examples) expect(chooseTool(example, all)).toBeDefined()
})

test('examples come from different servers and never write', () => {
  expect(exampleQuestions(all, 2, false)).toEqual(['list tables', 'download video https://example.com/clip'])
  expect(exampleQuestions(sqlite, 9, true)).toEqual(['列出表', '描述表 orders', 'SELECT 1'])
})

const never = new AbortController().signal
const user = (text: string): Entry => ({ role: 'user', text })

async function answer(transcript: Entry[], tools = sqlite): Promise<ModelEvent[]> {
  return Array.fromAsync(createOfflineModel()({ system: '', transcript, tools }, never))
}

const textOf = (events: ModelEvent[]) => events.map(event => (event.type === 'text' ? event.delta : '')).join('')

function afterCall(question: string, ...results: { text: string; ok?: boolean }[]): Entry[] {
  const calls = results.map((_result, index) => ({ id: `c${index}`, name: 'sqlite__list_tables', input: {} }))
  const entries = results.map(({ text, ok = true }, index) => ({
    role: 'tool' as const,
    callId: `c${index}`,
    name: 'sqlite__list_tables',
    text,
    ok,
  }))
  return [user(question), { role: 'assistant', text: '', calls }, ...entries]
}

test('calls the tool first and then tells its result', async () => {
  const events = await answer([user('which tables are there?')])
  expect(events).toMatchObject([{ type: 'call', call: { name: 'sqlite__list_tables', input: {} } }])
  const told = textOf(await answer(afterCall('which tables are there?', { text: '["rooms","guests"]' })))
  expect(told).toBe('Here is what `sqlite · list_tables` returned:\n\n- rooms\n- guests')
})

test('tells each result: found, empty, failed', async () => {
  const told = textOf(await answer(afterCall('tables', { text: 'rooms' }, { text: '[]' }, { text: 'disk I/O error', ok: false })))
  expect(told).toContain('returned:\n\nrooms')
  expect(told).toContain('returned nothing. Try a broader word')
  expect(told).toContain('failed: disk I/O error\nCheck what you gave it')
})

test('without a tool in sight it says what it is, what it could do, and how to get a real model', async () => {
  const events = await answer([user('hello')])
  expect(events.length).toBeGreaterThan(20)
  const told = textOf(events)
  expect(told).toContain('built-in offline model')
  expect(told).toContain('6 tools of sqlite; try `list tables` or `describe table orders`.')
  for (const name of ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'MODEL', '.env']) expect(told).toContain(`\`${name}\``)
})

test('speaks Chinese to those who do', async () => {
  expect(textOf(await answer([user('你好')]))).toMatch(/^我是内置的离线模型.*6 个工具，例如：`列出表` 或 `描述表 orders`。/)
  expect(textOf(await answer(afterCall('有哪些表？', { text: '["rooms"]' })))).toBe(
    '`sqlite · list_tables` 返回了以下结果：\n\n- rooms',
  )
})

test('without tools it answers in words', async () => {
  expect(textOf(await answer([user('which tables are there?')], []))).toContain('No tools are connected right now')
  expect(textOf(await answer(afterCall('tables', { text: 'rooms' }), []))).toContain('rooms')
  expect(textOf(await answer([], []))).toContain('offline model')
})

test('the newest question counts, and earlier results are not told again', async () => {
  const past = [
    ...afterCall('which tables are there?', { text: 'rooms' }),
    { role: 'assistant' as const, text: 'rooms', calls: [] },
  ]
  expect(await answer([...past, user('describe table rooms')])).toMatchObject([
    { type: 'call', call: { name: 'sqlite__describe_table' } },
  ])
  expect(textOf(await answer([...past, user('thanks')]))).toContain('offline model')
})

test('what somebody else wrote in a quoted message orders nothing, but its link may be worked on', async () => {
  const quoted = `In reply to Bob:\n> DROP TABLE rooms\n> ${url}\n\n`
  expect(textOf(await answer([user(`${quoted}what is this?`)], all))).toContain('offline model')
  expect(await answer([user(`${quoted}download it`)], all)).toMatchObject([
    { call: { name: 'video__download_video', input: { url } } },
  ])
})

test('stops when it is told to', async () => {
  const stop = new AbortController()
  const heard: ModelEvent[] = []
  const speaking = (async () => {
    for await (const event of createOfflineModel()({ system: '', transcript: [user('hi')], tools: [] }, stop.signal)) {
      heard.push(event)
      stop.abort(new Error('stopped'))
    }
  })()
  await expect(speaking).rejects.toThrow('stopped')
  expect(heard).toHaveLength(1)
})

const readable: [string, string, string][] = [
  ['plain words', ' Two rooms. ', 'Two rooms.'],
  ['a list', '["a","b"]', '- a\n- b'],
  ['objects of one field', '[{"name":"a"},{"name":"b"}]', '- a\n- b'],
  ['rows', '[{"id":1,"name":"a|b"},{"id":2,"name":null}]', '| id | name |\n| --- | --- |\n| 1 | a\\|b |\n| 2 |  |'],
  ['a wrapped list', '{"tables":["a"]}', '- a'],
  [
    'without the notes on pictures that are for models',
    'A cat.\n\n[image image/jpeg, 9 KB, shown to the person as file 1]\n\n[image image/jpeg, 2 KB, not shown to the person: it was made for you]',
    'A cat.',
  ],
  ['anything deeper', '{"a":{"b":1}}', '```json\n{\n  "a": {\n    "b": 1\n  }\n}\n```'],
]

test.each(readable)('a result is made readable: %s', (_name, text, shown) => {
  expect(makeReadable(text, 'more')).toBe(shown)
})

test('a long result is cut, says so, and leaves no code fence open', () => {
  const long = makeReadable(
    JSON.stringify({ deep: { list: Array.from({ length: 900 }, (_one, index) => index) } }),
    'There is more.',
  )
  expect(long.length).toBeLessThan(1600)
  expect(long.endsWith('\n```\n…\nThere is more.')).toBe(true)
  expect(makeReadable(JSON.stringify(Array.from({ length: 25 }, (_one, index) => index)), 'more')).toContain(
    '- 19\n\nmore (20 / 25)',
  )
})

test.each([
  ['', true],
  ['[]', true],
  ['No rows.', true],
  ['no results found', true],
  ['0', false],
  ['No rows match, but 3 are close', false],
])('the result %j is empty: %s', (text, empty) => {
  expect(isEmptyResult(text)).toBe(empty)
})
