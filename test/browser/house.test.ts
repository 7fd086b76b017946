import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from '../processes.ts'
import { type OpenAiWire, startOpenAiWire, type WireReply } from '../wire/openai.ts'
import { ask, openBrowser, shoot } from './visit.ts'

const root = join(import.meta.dirname, '../..')
const visit = openBrowser()
const data = dataFolder()
let openai: OpenAiWire
let house: HouseProcess
let url: string

beforeAll(async () => {
  openai = await startOpenAiWire()
  house = startProcess({
    DATA_DIR: data.path,
    DB_PATH: join(data.path, 'sample.db'),
    LOG_LEVEL: 'warn',
    OPENAI_BASE_URL: openai.url,
    SERVERS_CONFIG: join(root, 'test/demo.servers.json'),
  })
  url = addressIn(await house.says(/Servers\s/))
})
afterAll(async () => {
  await house.end()
  await openai.close()
  data.remove()
})

const addressIn = (banner: string) => /http:\/\/127\.0\.0\.1:\d+/.exec(banner)?.[0] ?? ''
const download = { name: 'demo__download_video', input: { url: 'https://www.tiktok.com/@a/video/1' } }
const roomsTurn: WireReply[] = [
  { calls: [{ name: 'sqlite__list_tables', input: {} }] },
  {
    calls: [
      {
        name: 'sqlite__read_query',
        input: { query: 'SELECT kind, count(*), avg(price_per_night) FROM rooms GROUP BY kind ORDER BY 3' },
      },
    ],
  },
  {
    text: 'There are **12 rooms** of three kinds:\n\n| Kind | Rooms | A night, on average |\n|---|--:|--:|\n| single | 3 | 89.00 |\n| double | 6 | 129.00 |\n| suite | 3 | 250.00 |',
  },
]
const videoTurn: WireReply[] = [
  {
    text: 'I look for the guest first, and download the video meanwhile.',
    calls: [{ name: 'sqlite__read_query', input: { query: 'SELECT name FROM guests' } }, download],
  },
  { calls: [{ name: 'demo__understand_video', input: { file: 'v1.mp4' } }] },
  { text: 'A cat sits before a piano for twelve seconds, and then plays **three notes**. 🎹 猫在弹钢琴。', tokenMs: 10 },
]

const running = (page: Page) => page.locator('.card').last().locator('.steps .running')
const finished = (page: Page) => page.locator('.card').last().and(page.locator('[aria-busy=false]')).waitFor()

const rightEdge = async (part: Locator) => {
  const box = await part.boundingBox()
  return Math.round((box?.x ?? 0) + (box?.width ?? 0))
}

test('a turn in the real house is seen step by step, and is still there after a reload', async () => {
  openai.script([...roomsTurn, ...videoTurn])
  const page = await visit(url)
  await page.getByText('2 of 2 servers').waitFor()
  await shoot(page, 'house-1-empty')
  await ask(page, 'What kinds of rooms are there, and what do they cost?')
  await finished(page)
  await ask(page, 'Who is the guest in this video? https://www.tiktok.com/@a/video/1')
  await running(page)
    .getByText(/^[4-7]\d % · \d\.\d MB$/)
    .waitFor()
  const card = page.locator('.card').last()
  expect(await card.locator('.body').innerText()).toBe('I look for the guest first, and download the video meanwhile.')
  expect(await running(page).locator('.label').innerText()).toBe('Downloading TikTok')
  expect(await card.locator('.steps .ok').innerText()).toMatch(/^✓\nQuery the database\n\d\.\d s$/)
  expect(await rightEdge(card.locator('progress'))).toBe(await rightEdge(card.locator('.steps')))
  await shoot(page, 'house-2-step')
  await finished(page)
  expect(await card.locator('.steps li').count()).toBe(0)
  expect(await card.locator('.small').innerText()).toMatch(/Downloading TikTok \d\.\d s · ✓\sAnalysing 1\.\d s$/)
  await shoot(page, 'house-3-answer')
  const said = await page.locator('#talk').innerText()
  await page.reload()
  expect(await page.locator('#talk').innerText()).toBe(said)
})

test('Stop ends a turn in the real house, and the next question is answered', async () => {
  openai.script([{ text: 'I download it.', calls: [download] }])
  const page = await visit(url)
  await ask(page, 'Download it.')
  await running(page).getByText(/\d %/).waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.locator('.card .body').getByText('Stopped.').waitFor()
  await finished(page)
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)
  openai.script([{ text: 'Here I am.' }])
  await ask(page, 'Still there?')
  await page.locator('.card .body').getByText('Here I am.').waitFor()
  await finished(page)
  await shoot(page, 'house-4-stopped')
})

test('many steps show the newest, and how many there were before', async () => {
  const query = (at: number): WireReply => ({
    calls: [{ name: 'sqlite__read_query', input: { query: `SELECT ${at}` } }],
  })
  openai.script([...Array.from({ length: 9 }, (_, at) => query(at)), { calls: [download] }, { text: 'Done.' }])
  const page = await visit(url)
  await ask(page, 'Count to nine, then download.')
  await page.locator('.card .steps .earlier').getByText('and 2 more').waitFor()
  await running(page)
    .getByText(/[1-9]\d %/)
    .waitFor()
  await shoot(page, 'house-5-many-steps')
  await finished(page)
})

test.for(['en-GB', 'zh-CN'])('every example of the empty page is answered when nothing is configured, %s', async locale => {
  const own = dataFolder()
  const bare = startProcess({ DATA_DIR: own.path, DB_PATH: join(own.path, 'sample.db'), LOG_LEVEL: 'warn' })
  onTestFinished(async () => {
    await bare.end()
    own.remove()
  })
  const address = addressIn(await bare.says(/Servers\s/))
  const page = await visit(address, { locale })
  const examples = await page.locator('.example').allInnerTexts()
  expect(examples).toHaveLength(4)
  for (const example of examples) {
    await page.reload()
    await page.locator('.example').getByText(example, { exact: true }).click()
    await finished(page)
    expect(await page.locator('.card .body').innerText(), example).not.toMatch(/failed|失败|! /)
    await page.locator('#new-chat').click()
  }
})
