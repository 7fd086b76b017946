import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CallToolResult, Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const program = `${import.meta.dirname}/../servers/twitter/twitter.ts`
type Answer = (request: IncomingMessage, response: ServerResponse) => void

let asked: { path: string; params: Record<string, string>; key: string | undefined }[] = []
let next: Answer[] = []
let always: Answer | undefined
const wire = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://wire')
  const key = request.headers['x-rapidapi-key']
  asked.push({ path: url.pathname, params: Object.fromEntries(url.searchParams), key: typeof key === 'string' ? key : undefined })
  const answer = next.shift() ?? always
  if (answer) answer(request, response)
  else response.setHeader('content-type', 'application/json').end(JSON.stringify(usual(url.pathname)))
})
/** In the shape that the API documents. */
function usual(path: string): unknown {
  const post = {
    tweet_id: '1',
    text: 'hello 你好',
    author: { screen_name: 'ada', avatar: '' },
    favorites: 3,
    media: [],
    lang: null,
  }
  const user = { user_id: '7', screen_name: 'ada', name: 'Ada' }
  if (path === '/screenname.php') return { status: 'active', profile: 'ada', rest_id: '7', desc: 'Countess' }
  if (path === '/tweet.php') return { id: '1', text: 'hello', likes: 3 }
  if (path === '/trends.php') return { trends: [{ name: '#go', description: '' }] }
  if (path === '/following.php') return { following: [user], next_cursor: 'c2' }
  if (path === '/followers.php') return { followers: [user], next_cursor: 'c2' }
  if (path === '/list_members.php') return { members: [user] }
  if (path === '/retweets.php') return { retweets: [user] }
  if (path === '/affilates.php' || path === '/list_followers.php') return { users: [user] }
  if (path === '/tweet_thread.php') return { id: '1', thread: [post] }
  if (path === '/search_communities.php') return { communities: [{ id: '9', name: 'Cats' }] }
  return { timeline: [post, post], next_cursor: 'c2' }
}
const send =
  (status: number, body: string, headers = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body)

async function open(env: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [program], env }))
  return client
}
let client: Client
let url = ''
beforeAll(async () => {
  await new Promise<void>(resolve => wire.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(wire.address() as AddressInfo).port}`
  client = await open({ RAPIDAPI_KEY: 'secret-key', TWITTER_API_URL: url, TWITTER_TIMEOUT_MS: '800' })
})
afterAll(async () => {
  await client.close()
  wire.closeAllConnections()
  wire.close()
})
beforeEach(() => {
  asked = []
  next = []
  always = undefined
})
async function call(name: string, args: Record<string, unknown> = {}, by = client) {
  const result = (await by.callTool({ name, arguments: args })) as CallToolResult
  const [block] = result.content
  return {
    ok: !result.isError,
    text: block?.type === 'text' ? block.text : '',
    found: result.structuredContent as Record<string, unknown> | undefined,
  }
}

const calls: [string, Record<string, unknown>, string, Record<string, string>][] = [
  ['get_user_info', { screenname: '@ada' }, '/screenname.php', { screenname: 'ada' }],
  ['get_user_info', { screenname: 'ada', rest_id: '7' }, '/screenname.php', { screenname: 'ada', rest_id: '7' }],
  ['get_user_timeline', { screenname: 'ada' }, '/timeline.php', { screenname: 'ada' }],
  ['get_user_following', { screenname: 'ada' }, '/following.php', { screenname: 'ada' }],
  ['get_user_followers', { screenname: 'ada', blue_verified: 0 }, '/followers.php', { screenname: 'ada', blue_verified: '0' }],
  ['get_tweet_info', { tweet_id: 1234 }, '/tweet.php', { id: '1234' }],
  ['get_affiliates', { screenname: 'ada' }, '/affilates.php', { screenname: 'ada' }],
  ['get_user_media', { screenname: 'ada', cursor: 'c1' }, '/usermedia.php', { screenname: 'ada', cursor: 'c1' }],
  ['get_retweets', { tweet_id: '1' }, '/retweets.php', { id: '1' }],
  ['get_trends', { country: 'UnitedStates' }, '/trends.php', { country: 'UnitedStates' }],
  ['search_tweets', { query: 'cats & dogs' }, '/search.php', { query: 'cats & dogs', search_type: 'Top' }],
  ['search_tweets', { query: '猫', search_type: 'Latest' }, '/search.php', { query: '猫', search_type: 'Latest' }],
  ['get_tweet_thread', { tweet_id: '1' }, '/tweet_thread.php', { id: '1' }],
  ['get_latest_replies', { tweet_id: '1' }, '/latest_replies.php', { id: '1' }],
  ['get_list_timeline', { list_id: '5' }, '/listtimeline.php', { list_id: '5' }],
  ['search_communities_latest', { query: 'cats' }, '/search_communities_latest.php', { query: 'cats' }],
  ['search_communities_top', { query: 'cats' }, '/search_communities_top.php', { query: 'cats' }],
  ['search_communities', { query: 'cats' }, '/search_communities.php', { query: 'cats' }],
  ['get_community_timeline', { community_id: '9' }, '/community_timeline.php', { community_id: '9' }],
  ['get_list_followers', { list_id: '5' }, '/list_followers.php', { list_id: '5' }],
  ['get_list_members', { list_id: '5' }, '/list_members.php', { list_id: '5' }],
]

test.each(calls)('%s %j asks %s', async (name, args, path, params) => {
  const { ok, found } = await call(name, args)
  expect(ok).toBe(true)
  expect(asked).toEqual([{ path, params, key: 'secret-key' }])
  expect(Object.keys(found ?? {}).length).toBeGreaterThan(0)
  if (found?.['items']) expect(found['count']).toBe((found['items'] as unknown[]).length)
})

test('there are the nineteen tools, and all only read', async () => {
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name).toSorted()).toEqual([...new Set(calls.map(([name]) => name))].toSorted())
  expect(tools).toHaveLength(19)
  expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true)
})

test('a page says where the next one begins, and leaves out what is empty', async () => {
  const { found } = await call('get_user_timeline', { screenname: 'ada' })
  const post = { tweet_id: '1', text: 'hello 你好', author: { screen_name: 'ada' }, favorites: 3 }
  expect(found).toEqual({ count: 2, items: [post, post], next_cursor: 'c2' })
})

describe('pages', () => {
  const lists = calls.filter(([name]) => !['get_user_info', 'get_tweet_info', 'get_trends'].includes(name))
  const last = { timeline: [{ id: '3' }], following: [{ id: '3' }], followers: [{ id: '3' }], members: [{ id: '3' }] }
  const lastPage = { ...last, users: [{ id: '3' }], retweets: [{ id: '3' }], trends: [{ id: '3' }], thread: [{ id: '3' }] }
  const page = (more: object) => send(200, JSON.stringify({ ...lastPage, communities: [{ id: '3' }], ...more }))

  test.each(lists)('%s %j is read on with its cursor, to the end', async (name, args) => {
    next = [page({ next_cursor: 'DAABC+/=|2' }), page({ next_cursor: '' })]
    const first = (await call(name, args)).found
    expect(first).toEqual({ count: 1, items: [{ id: '3' }], next_cursor: 'DAABC+/=|2' })
    expect((await call(name, { ...args, cursor: first?.['next_cursor'] })).found).toEqual({ count: 1, items: [{ id: '3' }] })
    expect(asked[1]?.params).toEqual({ ...asked[0]?.params, cursor: 'DAABC+/=|2' })
  })

  test('trends have no pages, and do not speak of any', async () => {
    next = [page({ next_cursor: 'c2' })]
    expect((await call('get_trends', { country: 'Japan' })).found).toEqual({ count: 1, items: [{ id: '3' }] })
    const { tools } = await client.listTools()
    const paged = tools.filter(({ description }) => description?.includes('next_cursor')).map(({ name }) => name)
    expect(new Set(paged)).toEqual(new Set(lists.map(([name]) => name)))
  })

  test.each([
    ['says that there are no more', { next_cursor: 'c3', more_users: false }, {}],
    ['leads back to itself', { next_cursor: 'c2' }, { cursor: 'c2' }],
    ['has no cursor', {}, {}],
    ['has an empty cursor', { next_cursor: null }, {}],
  ])('a page is the last one when it %s', async (_, more, cursor) => {
    next = [page(more)]
    expect((await call('get_user_followers', { screenname: 'ada', ...cursor })).found).toEqual({ count: 1, items: [{ id: '3' }] })
  })
})

describe('what went wrong is said, with what helps', () => {
  const hour = 3600
  test.each<[string, Answer, RegExp]>([
    ['a key that is not known', send(401, '{"message":"Invalid API key."}'), /401.*valid RAPIDAPI_KEY.*Invalid API key/],
    ['no subscription', send(403, '{"message":"You are not subscribed"}'), /403.*subscribe.*You are not/],
    ['a wrong question', send(400, '{"message":"bad id"}'), /400\): check what was asked.*bad id/],
    ['something that is not there', send(404, '{}'), /404\): it does not exist, was deleted, or is private/],
    [
      'a limit that says when it ends',
      send(429, '{}', { 'retry-after': '600' }),
      /429\): try again in 10 minutes, or .* larger plan/,
    ],
    ['a quota', send(429, '{}', { 'x-ratelimit-requests-reset': '1209600' }), /429\): try again in 14 days, or/],
    [
      'a limit until a moment',
      (_, response) => void response.writeHead(429, { 'x-ratelimit-reset': Math.floor(Date.now() / 1000) + 5 * hour }).end(),
      /429\): try again in 5 hours, or/,
    ],
    [
      'a limit until a date',
      (_, response) => void response.writeHead(429, { 'retry-after': new Date(Date.now() + 48.5 * 60_000).toUTCString() }).end(),
      /429\): try again in (48|49) minutes, or/,
    ],
    ['a limit that does not say when', send(429, '<html>'), /429\): try again later, or/],
    ['a page in place of data', send(200, '<!doctype html><title>Just a moment…</title>'), /a page in place of data; try again/],
    ['half an answer', send(200, '{"timeline":[{"te'), /a page in place of data; try again/],
    ['nothing at all', send(200, ''), /nothing at all \(HTTP 200\); try again later/],
    ['an API out of order', send(502, '<html></html>'), /502\): try again in some minutes/],
    ['an API that is silent', () => {}, /within 0.8 seconds: try again later/],
    [
      'an API that stops in the middle',
      (_, response) => void response.writeHead(200).write('{"timeline":['),
      /within 0.8 seconds/,
    ],
    ['something that does not exist', send(200, '{"status":"notfound"}'), /does not exist/],
    ['an error', send(200, '{"status":"error","message":"x"}'), /does not exist, was deleted/],
    ['a line that breaks', request => void request.socket.destroy(), /could not be reached: try again.*TWITTER_API_URL/],
  ])('%s, by every tool', async (_, answer, sentence) => {
    always = answer
    const said = await Promise.all(calls.map(([name, args]) => call(name, args)))
    for (const { ok, text } of said) {
      expect([ok, text]).toEqual([false, expect.stringMatching(sentence)])
      expect(text).not.toContain('secret-key')
    }
    expect(new Set(asked.map(({ path }) => path)).size).toBe(19)
  })

  test('a list that is missing, with what the API says instead', async () => {
    next = [send(200, '{"message":"The request has timed out"}')]
    expect((await call('search_tweets', { query: 'x' })).text).toMatch(/says: The request has timed out; .*try again later/)
  })

  test('a short limit is waited for', async () => {
    next = [send(429, '{}', { 'retry-after': '0.1' })]
    expect((await call('get_user_info', { screenname: 'ada' })).ok).toBe(true)
    expect(asked).toHaveLength(2)
  })

  test.each(['{"timeline":[],"next_cursor":"c2"}', '[]', '{}', 'null'])('nothing found is no failure: %s', async body => {
    next = [send(200, body)]
    const { ok, found } = await call('search_tweets', { query: 'zzz' })
    expect([ok, found]).toEqual([true, { count: 0, items: [] }])
  })

  test('no key', async () => {
    const keyless = await open({ TWITTER_API_URL: url })
    const { ok, text } = await call('get_trends', { country: 'Japan' }, keyless)
    await keyless.close()
    expect([ok, asked.length]).toEqual([false, 0])
    expect(text).toContain('RAPIDAPI_KEY')
  })

  test.each([
    ['get_user_info', { screenname: 'a/../b' }],
    ['get_tweet_info', { tweet_id: '1&x=2' }],
    ['search_tweets', { query: 'x', search_type: 'Worst' }],
  ])('%s refuses %j and asks nothing', async (name, args) => {
    const refused = await call(name, args).then(
      ({ ok }) => !ok,
      () => true,
    )
    expect([refused, asked.length]).toEqual([true, 0])
  })
})
