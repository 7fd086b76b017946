// The page for everybody: with a screen reader, with a keyboard alone, in the dark and on a phone.
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Ask, Field } from '../../src/ask.ts'
import { isPress } from '../../src/message.ts'
import { liveCard, progress, start, text } from '../cards.ts'
import { png } from '../media.ts'
import { type Answer, fine, house, running, silence, stop } from '../web.house.ts'
import { ask, openBrowser, shoot } from './visit.ts'

const visit = openBrowser()
const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

const option = (value: string, label: string) => ({ value, label })
const cities = ['Lisbon', 'Oslo', 'Rome', 'Wien', 'Bern', 'Prague', '北京'].map(name => option(name, name))
const fields: Field[] = [
  { name: 'name', label: 'Name', hint: 'As in the passport', kind: 'text', required: true },
  { name: 'mail', label: 'Email', kind: 'text', format: 'email', required: true },
  { name: 'nights', label: 'Nights', kind: 'integer', required: true, min: 1, max: 30, preset: 2 },
  { name: 'from', label: 'From', kind: 'text', format: 'date', required: false },
  { name: 'room', label: 'Room', kind: 'one', required: true, options: [option('s', 'Sea view'), option('g', 'Garden, quiet')] },
  { name: 'city', label: 'City', kind: 'one', required: false, options: cities },
  { name: 'extras', label: 'Extras', kind: 'many', required: false, options: [option('b', 'Breakfast'), option('p', 'Parking')] },
  { name: 'early', label: 'Early arrival', kind: 'yes-no', required: true },
  { name: 'wishes', label: 'Wishes', kind: 'text', max: 2000, required: false },
]
const form: Ask = { token: 'open', kind: 'form', from: 'hotel', text: 'Who comes?', fields, expiresAt: 0 }
const tools = [{ name: 'hotel__book', label: 'Book a room', description: 'Books a room for a guest', server: 'hotel' }]
const metrics = [{ server: 'hotel', tool: 'book', calls: 12, ok: 11, failed: 1, meanMs: 840.4, p95Ms: 2100 }]
const servers = [
  { name: 'hotel', state: 'active', tools: 1 },
  { name: 'video', state: 'error', tools: 0, error: 'yt-dlp was not found: install it, or run script/bootstrap --media' },
]
const status = async () => ({ ...fine, servers, tools, metrics })
const answer = `There are **two rooms**, see [the list](https://example.org/rooms).

| Room | Beds |
|---|--:|
| 101 | 2 |

\`\`\`sql
SELECT count(*) FROM rooms
\`\`\`

> Quoted.

-# ✅ Book a room 0.8 s`

/** A turn that asks for a form, and ends with a picture and a file. */
async function hotel() {
  const kept = new Map<string, Uint8Array>()
  const files = {
    keep: async (_: string, data: Uint8Array) => {
      const id = `file-${kept.size}`
      kept.set(id, data)
      return id
    },
    load: async (_: string, id: string) => kept.get(id),
  }
  let finish = () => Promise.resolve()
  const staged: Answer = async ({ conversation, replyTo }, worker) => {
    const id = await worker.post(conversation, running(liveCard([start('Read query'), progress('Read query', 40)])), replyTo)
    const buttons = [
      { label: 'Answer', action: 'fill', token: 'open', tone: 'good' as const },
      { label: 'Decline', action: 'no', token: 'open', tone: 'bad' as const },
      stop,
    ]
    await worker.edit(conversation, id, { text: '❓ **hotel asks:** Who comes?', buttons, final: false })
    finish = async () => {
      await worker.postFile?.(conversation, { name: 'broken.png', mime: 'image/png', data: png }, replyTo, 'a')
      await worker.postFile?.(conversation, { name: 'rooms.csv', mime: 'text/plain', data: new Uint8Array(2100) }, replyTo, 'b')
      await worker.edit(conversation, id, { text: answer, buttons: [], final: true })
    }
  }
  const formFor = async ({ token }: { token: string }) => (token === 'open' ? form : undefined)
  const at = await house({ status, files }, staged, silence, formFor)
  return { ...at, finish: () => finish() }
}

/** Of those findings that shut somebody out, what and where. */
async function findings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axePath })
  const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return grave.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`))
}

const phone = { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true }
const looks: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', phone],
  ['phone-dark', { ...phone, colorScheme: 'dark' }],
]
test.for(looks)('nothing in it shuts anybody out, %s', async ([name, options]) => {
  const { url, finish } = await hotel()
  // The policy of the page would keep the inspector out as well.
  const page = await visit(url, { ...options, bypassCSP: true, reducedMotion: 'reduce' })
  await page.locator('#house').click()
  await page.locator('#panel summary').click()
  await page.locator('#panel .tools').waitFor()
  await shoot(page, `access-${name}-1-panel`)
  if (!('isMobile' in options)) expect(await findings(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.locator('#files').setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
  await page.locator('.chip').waitFor()
  await ask(page, 'Book a room')
  await page.getByRole('button', { name: 'Answer' }).click()
  await page.getByRole('button', { name: 'Send answers' }).click()
  await page.getByText('This is needed.').first().waitFor()
  await shoot(page, `access-${name}-2-form`)
  expect(await findings(page)).toEqual([])
  await finish()
  await page.locator('.card[aria-busy=false] .file').last().waitFor()
  if ('isMobile' in options) await page.getByRole('button', { name: 'Chats', exact: true }).click()
  await shoot(page, `access-${name}-3-answer`)
  expect(await findings(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
})

test('a form is filled in with the keyboard alone', async () => {
  const { url, heard } = await hotel()
  const page = await visit(url)
  await ask(page, 'Book a room')
  await page.getByRole('button', { name: 'Answer' }).press('Enter')
  await page.getByLabel('Name').and(page.locator(':focus')).waitFor()
  await page.keyboard.type('Ada')
  await page.keyboard.press('Tab')
  await page.keyboard.type('ada@example.org')
  for (const label of ['Sea view', 'Breakfast', 'Yes']) await page.getByLabel(label).press('Space')
  await page.getByRole('form').getByRole('button', { name: 'Send answers' }).press('Enter')
  await expect.poll(() => heard.find(isPress)).toBeDefined()
  expect(heard.find(isPress)).toMatchObject({
    action: 'fill',
    fields: { name: 'Ada', mail: 'ada@example.org', nights: '2', room: 's', city: '', extras: 'b', early: 'yes', wishes: '' },
  })
})

test('Escape stops the answer under way, and closes first what lies above it', async () => {
  const { url, heard } = await hotel()
  const page = await visit(url)
  await ask(page, 'Book a room')
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  await page.locator('#house').click()
  await page.locator('#panel').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('#panel').waitFor({ state: 'hidden' })
  expect(heard.filter(isPress)).toEqual([])
  await page.keyboard.press('Escape')
  await expect.poll(() => heard.find(isPress)).toMatchObject({ action: 'stop' })
})

test('a screen reader is told each step once, and what is asked', async () => {
  const posted = Promise.withResolvers<(out: string) => Promise<void>>()
  const { url } = await house({}, async ({ conversation, replyTo }, worker) => {
    const id = await worker.post(conversation, running(liveCard([])), replyTo)
    posted.resolve(out => worker.edit(conversation, id, running(out)))
  })
  const page = await visit(url)
  await page.evaluate(`
    const said = (window.said = [])
    new MutationObserver(() => said.push(document.getElementById('spoken').textContent)).observe(document.getElementById('spoken'), { childList: true })
  `)
  await ask(page, 'aloud')
  const said = () => page.evaluate('window.said')
  const steps = [start('One')]
  const show = await posted.promise
  await show(liveCard(steps))
  await expect.poll(said).toContain('⏳ One')
  await show(liveCard([...steps, start('Two'), progress('One', 50)]))
  await expect.poll(said).toContain('⏳ Two')
  await show(liveCard([...steps, start('Two'), text('words that grow')]))
  await page.locator('.card .body').getByText('words that grow').waitFor()
  expect(String(await said()).match(/One/g)).toHaveLength(1)
  expect(String(await said())).not.toContain('words')
})

test('what is dropped or pasted goes along, and too much is refused in a sentence', async () => {
  const { url } = await house()
  const page = await visit(url)
  const bring = (kind: 'drop' | 'paste', names: string[], size: number) =>
    page.evaluate(`{
      const data = new DataTransfer()
      for (const name of ${JSON.stringify(names)}) data.items.add(new File(['a'.repeat(${size})], name, { type: 'text/plain' }))
      const options = { bubbles: true, cancelable: true }
      const event = '${kind}' === 'paste'
        ? new ClipboardEvent('paste', { ...options, clipboardData: data })
        : new DragEvent('drop', { ...options, dataTransfer: data })
      document.getElementById('message').dispatchEvent(event)
    }`)
  await bring('drop', ['one.txt', 'two.txt'], 10)
  await bring('paste', ['three.txt'], 10)
  await expect.poll(() => page.locator('#attached .name').allInnerTexts()).toEqual(['one.txt', 'two.txt', 'three.txt'])
  await bring('drop', ['large.txt'], 5_100_000)
  await page.getByText('large.txt is too large').waitFor()
  expect(await page.locator('#attached .chip').count()).toBe(3)
})
