// A person in the real house: what interrupts a turn, what it asks, and what goes in and out beside words.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from '../processes.ts'
import { type OpenAiWire, startOpenAiWire } from '../wire/openai.ts'
import { picturesIn } from '../wire/openai-media.ts'
import { ask, openBrowser, shoot } from './visit.ts'

const root = join(import.meta.dirname, '../..')
const visit = openBrowser()
const data = dataFolder()
let openai: OpenAiWire
let house: HouseProcess
let url: string

beforeAll(async () => {
  openai = await startOpenAiWire()
  const server = (path: string) => ({ command: 'node', args: [join(root, 'test/wire', path)], autoApprove: ['*'] })
  const servers = join(data.path, 'servers.json')
  writeFileSync(servers, JSON.stringify({ mcpServers: { demo: server('demo-server.ts'), asking: server('mcp/asking.ts') } }))
  house = startProcess({ DATA_DIR: data.path, LOG_LEVEL: 'warn', OPENAI_BASE_URL: openai.url, SERVERS_CONFIG: servers })
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(await house.says(/Servers\s/))?.[0] ?? ''
})
afterAll(async () => {
  await house.end()
  await openai.close()
  data.remove()
})

const card = (page: Page) => page.locator('.card').last()
const running = (page: Page) => card(page).locator('.steps .running')
const finished = (page: Page) => card(page).and(page.locator('[aria-busy=false]')).waitFor()
const download = { name: 'demo__long_work', input: { seconds: 2 } }
const asksOfPerson = () => openai.requests.filter(({ body }) => body.messages.at(-1)?.role === 'user').length

test('a turn goes on through a reload in its middle', async () => {
  openai.script([{ calls: [download] }, { text: 'It is **saved**.' }])
  const page = await visit(url)
  await ask(page, 'Download it.')
  await running(page).getByText(/\d %/).waitFor()
  await page.reload()
  await running(page).getByText(/\d %/).waitFor()
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  await card(page).getByText('It is saved.').waitFor()
  await finished(page)
  expect(await page.locator('.card').count()).toBe(1)
})

test('a turn goes on when the network was away in its middle, and nothing is asked twice', async () => {
  openai.script([{ calls: [download] }, { text: 'It is saved.' }])
  const page = await visit(url)
  const before = asksOfPerson()
  await ask(page, 'Download it.')
  await running(page).getByText(/\d %/).waitFor()
  const followed = page.waitForEvent('requestfailed', request => request.url().endsWith('/chat/follow'))
  await page.context().setOffline(true)
  await followed
  expect(await card(page).locator('.fault').count()).toBe(0)
  await page.context().setOffline(false)
  await card(page).getByText('It is saved.').waitFor()
  await finished(page)
  expect(asksOfPerson() - before).toBe(1)
})

test('a form of a server is filled in after a reload, and says at each field what is wrong', async () => {
  openai.script([{ text: 'I book it.', calls: [{ name: 'asking__book', input: {} }] }, { text: 'It is booked.' }])
  const page = await visit(url)
  await ask(page, 'Book a room.')
  const fill = card(page).getByRole('button', { name: 'Answer' })
  await fill.waitFor()
  await page.reload()
  await fill.click()
  const form = page.getByRole('form')
  const name = form.getByLabel('Name')
  const nights = form.getByLabel('Nights')
  await name.and(page.locator(':focus')).waitFor()
  expect(await nights.inputValue()).toBe('2')
  await nights.fill('31')
  await form.getByRole('button', { name: 'Send answers' }).click()
  await form.getByText('This is needed.').waitFor()
  await form.getByText('This is too much.').waitFor()
  expect(await name.getAttribute('aria-invalid')).toBe('true')
  await name.and(page.locator(':focus')).waitFor()
  await shoot(page, 'person-1-form')
  await name.fill('Ada')
  await nights.fill('3')
  await page.keyboard.press('Enter')
  await card(page).getByText('It is booked.').waitFor()
  await finished(page)
  expect(await form.count()).toBe(0)
  expect(JSON.stringify(openai.requests.at(-1)?.body.messages.at(-1))).toContain('booked for Ada, 3 nights')
})

test('pictures and files go along with a question, and those of a tool come with the answer', async () => {
  openai.script([{ calls: [{ name: 'demo__draw_plan', input: {} }] }, { text: 'Here is the plan.' }])
  const page = await visit(url)
  const [buffer, words] = [await page.screenshot(), Buffer.from('guest,room\nAda,101\n')]
  await page.locator('#files').setInputFiles([
    { name: 'view.png', mimeType: 'image/png', buffer },
    { name: 'guests.csv', mimeType: 'text/csv', buffer: words },
    { name: 'not this one.txt', mimeType: 'text/plain', buffer: words },
  ])
  await page.getByRole('button', { name: 'Remove not this one.txt' }).click()
  await shoot(page, 'person-2-attached')
  await ask(page, 'Which room has she?')
  await finished(page)
  const asked = openai.requests.find(({ body }) => JSON.stringify(body.messages.at(-1)).includes('Which room'))?.body
  expect(JSON.stringify(asked?.messages)).toContain('Ada,101')
  expect(JSON.stringify(asked?.messages)).not.toContain('not this one')
  expect(picturesIn(asked?.messages ?? [])).toHaveLength(1)
  const pictureWidth = () => page.evaluate('document.querySelector(".file img")?.naturalWidth')
  await expect.poll(pictureWidth).toBe(360)
  const saving = page.waitForEvent('download')
  await card(page)
    .getByRole('button', { name: /^Download .*csv/ })
    .click()
  expect((await saving).suggestedFilename()).toMatch(/\.csv$/)
  await page.reload()
  await expect.poll(pictureWidth).toBe(360)
  await shoot(page, 'person-3-files')
})

test('a chat that is deleted is forgotten by the house as well', async () => {
  openai.script(() => ({ text: 'Good.' }))
  const page = await visit(url)
  await ask(page, 'My name is Ada.')
  await finished(page)
  const session_id = await page.evaluate('sessionStorage.getItem("bellhop.session")')
  await page.locator('#chat-list li').hover()
  await page.getByRole('button', { name: 'Delete “My name is Ada.”' }).click()
  const forgotten = page.waitForResponse(response => response.url().endsWith('/chat'))
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  expect((await forgotten).ok()).toBe(true)
  const body = JSON.stringify({ session_id, message: 'Who am I?' })
  await fetch(`${url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const asked = openai.requests.find(({ body }) => JSON.stringify(body.messages.at(-1)).includes('Who am I?'))?.body
  expect(asked).toBeDefined()
  expect(JSON.stringify(asked?.messages)).not.toContain('Ada')
})
