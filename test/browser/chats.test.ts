// The chats of a browser, on a wide screen and on a phone.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { isMessage } from '../../src/message.ts'
import { final, house, running } from '../web.house.ts'
import { ask, openBrowser, shoot } from './visit.ts'

const visit = openBrowser()
const phone = { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true }
const titles = (page: Page) => page.locator('#chat-list .title').allInnerTexts()
const answered = (page: Page, text: string) => page.locator('.card .body').getByText(text).waitFor()

async function begin(page: Page, text: string) {
  await page.locator('#new-chat').click()
  await ask(page, text)
  await answered(page, `echo: ${text}`)
}

test('lists the chats by their first words, newest first, and opens them', async () => {
  const { url } = await house()
  const page = await visit(url)
  await begin(page, 'Which guests come tomorrow, and which of them asked for a room with a view of the sea?')
  await begin(page, 'second')
  expect(await titles(page)).toEqual(['second', 'Which guests come tomorrow, and which of them asked for a…'])
  await page.locator('#chat-list .chat').last().click()
  await answered(page, 'echo: Which guests')
  expect(await page.locator('.card').count()).toBe(1)
  expect(await page.locator('#chat-list [aria-current]').innerText()).toContain('Which guests')
  await page.reload()
  await answered(page, 'echo: Which guests')
  await shoot(page, 'chats-1-list')
})

test('names a chat anew, and deletes one when it is sure, also in the house', async () => {
  const { url, heard } = await house()
  const page = await visit(url)
  await begin(page, 'first')
  await begin(page, 'second')
  await page.locator('#chat-list li').last().hover()
  await page.getByRole('button', { name: 'Rename “first”' }).click()
  await page.getByLabel('New name').fill('Breakfast')
  await page.keyboard.press('Enter')
  await expect.poll(() => titles(page)).toEqual(['second', 'Breakfast'])
  await page.locator('#chat-list li').first().hover()
  await page.getByRole('button', { name: 'Delete “second”' }).click()
  await shoot(page, 'chats-2-sure')
  await page.getByRole('button', { name: 'Keep' }).click()
  await expect.poll(() => titles(page)).toEqual(['second', 'Breakfast'])
  await page.locator('#chat-list li').first().hover()
  await page.getByRole('button', { name: 'Delete “second”' }).click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect.poll(() => titles(page)).toEqual(['Breakfast'])
  await page.getByRole('heading', { name: 'How may I help?' }).waitFor()
  const second = heard.find(what => isMessage(what) && what.text === 'second')
  await expect.poll(() => heard.at(-1)).toMatchObject({ text: '/reset', conversation: second?.conversation })
  await page.reload()
  expect(await titles(page)).toEqual(['Breakfast'])
})

test('a turn goes on while another chat is shown', async () => {
  let finish = () => Promise.resolve()
  const { url } = await house({}, async ({ conversation, replyTo }, worker) => {
    const id = await worker.post(conversation, running('⏳ Counting'), replyTo)
    finish = () => worker.edit(conversation, id, final('It is twelve.'))
  })
  const page = await visit(url)
  await ask(page, 'count')
  await page.locator('.card .running').waitFor()
  await page.locator('#new-chat').click()
  expect(await page.locator('.card').count()).toBe(0)
  await finish()
  await page.locator('#chat-list .chat').click()
  await answered(page, 'It is twelve.')
})

test('lies over the talk on a phone, and goes away with Escape, a tap beside it or a choice', async () => {
  const { url } = await house()
  const page = await visit(url, phone)
  await begin(page, 'first')
  await begin(page, 'second')
  const list = page.locator('#chats')
  const toggle = page.getByRole('button', { name: 'Chats', exact: true })
  expect(await list.isVisible()).toBe(false)
  await toggle.click()
  await list.waitFor()
  expect(await toggle.getAttribute('aria-expanded')).toBe('true')
  await shoot(page, 'chats-3-phone')
  await page.keyboard.press('Escape')
  expect(await list.isVisible()).toBe(false)
  await toggle.and(page.locator(':focus')).waitFor()
  await toggle.click()
  await page.locator('#shade').click({ position: { x: 380, y: 400 } })
  expect(await list.isVisible()).toBe(false)
  await toggle.click()
  await list.getByRole('button', { name: /^first/ }).click()
  await answered(page, 'echo: first')
  expect(await list.isVisible()).toBe(false)
})
