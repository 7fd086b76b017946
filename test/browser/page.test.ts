import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { HouseStatus } from '../../adapters/web/status.ts'
import type { Outgoing } from '../../src/adapter.ts'
import { isPress } from '../../src/message.ts'
import { type Answer, final, house, running, stop } from '../web.house.ts'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const args =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
/** Where the pictures go, for a person to look at. */
const shots = process.env['SHOTS'] ?? join(tmpdir(), 'shots')

let browser: Browser
beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  browser = await chromium.launch({ executablePath, headless: true, args: args.split(' ') })
})
afterAll(() => browser?.close())

const pages: Page[] = []
/** What the page itself complained about: a script that threw, or something that its content policy forbids. */
let faults: string[] = []
afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close()
  const found = faults
  faults = []
  expect(found).toEqual([])
})

const status: HouseStatus = {
  ready: true,
  model: 'gpt-5-mini',
  queue: 'ok',
  servers: [
    { name: 'sqlite', state: 'active', tools: 6 },
    { name: 'twitter', state: 'needs_auth', tools: 19, error: 'no key is set: set TWITTER_API_KEY to your RapidAPI key' },
    { name: 'video', state: 'error', tools: 0, error: 'yt-dlp was not found: install it, or run script/bootstrap --media' },
    { name: 'workbench', state: 'active', tools: 5 },
  ],
}

const tableAnswer = `There are **3 tables** in the database. The largest one is \`orders\`.

| Table | Rows | What it holds |
|---|--:|---|
| customers | 1 204 | one row for each person, with name and city |
| orders | 18 931 | what was bought, when, and for how much |
| 商品目录 | 342 | the catalogue, in Chinese |

### How I counted

1. I listed the tables with *List tables*.
2. I asked each one for its number of rows:
   - \`customers\` and \`orders\` at once
   - the catalogue afterwards

\`\`\`sql
SELECT count(*) FROM orders WHERE created_at >= date('now', '-30 days') AND status NOT IN ('cancelled', 'refunded');
\`\`\`

> Rows that were deleted but not yet vacuumed are not counted.

See [the SQLite documentation](https://sqlite.org/lang_select.html) for more.

-# ✅ List tables · ✅ Read query (3) · ∅ twitter search: no hits for "orders", try a broader word
-# 2 steps · 4.1 s · 1 830 tokens`

/** A turn whose every state is shown when the test says so. */
function stagedTurn() {
  let show: (out: Outgoing) => Promise<void> = () => Promise.reject(new Error('nobody has asked yet'))
  const answer: Answer = async ({ conversation, replyTo }, worker) => {
    const id = await worker.post(conversation, running('⏳ Thinking'), replyTo)
    show = out => worker.edit(conversation, id, out)
  }
  return { answer, show: (out: Outgoing) => show(out) }
}

async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 820 }, locale: 'en-GB', ...options })
  const page = await context.newPage()
  pages.push(page)
  page.on('pageerror', error => faults.push(error.message))
  page.on('console', entry => entry.text().includes('Content Security Policy') && faults.push(entry.text()))
  await page.goto(url)
  return page
}

async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.keyboard.press('Enter')
}

const card = (page: Page, text: string) => page.locator('.card .body').getByText(text)

const steps = `✅ List tables · 0.2 s
✅ Read query · 0.4 s
⏳ Read query · 43 % · reading orders
⚠️ Search Twitter · no key is set`

const looks: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 760 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }],
  ['phone-dark-chinese', { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, colorScheme: 'dark', locale: 'zh-CN' }],
]

test.for(looks)('a whole turn, %s', async ([name, options]) => {
  const turn = stagedTurn()
  const { url } = await house({ status: async () => status }, turn.answer)
  const page = await visit(url, options)
  const shoot = (what: string) => page.screenshot({ path: join(shots, `${name}-${what}.png`) })
  await page.locator('#house[data-state=degraded]').waitFor()
  await shoot('1-empty')

  await page.locator('.example').first().click()
  await page.locator('.card .steps .running').waitFor()
  await turn.show(running(`${steps}\n\n${tableAnswer.slice(0, 240)}`))
  await expect.poll(() => page.locator('.card .steps li').count()).toBe(4)
  await shoot('2-running')

  await turn.show(final(tableAnswer))
  await page.locator('.card[aria-busy=false]').waitFor()
  expect(await page.locator('.card .steps li').count()).toBe(0)
  expect(await page.locator('.card table tbody tr').count()).toBe(3)
  expect(await page.locator('.card .small').innerText()).toContain('2 steps')
  await page.evaluate('document.getElementById("scroll").scrollTop = 0')
  await shoot('3-answer')
  await page.evaluate('document.getElementById("scroll").scrollTop = 1e6')
  await shoot('4-answer-end')

  await page.locator('#house').click()
  await page.locator('#panel li').nth(3).waitFor()
  await shoot('5-servers')
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  expect(overflow).toBe(0)
})

describe('the chat page', () => {
  test('sends on Enter, and starts a new line on Shift+Enter', async () => {
    const { url, heard } = await house()
    const page = await visit(url)
    await page.getByLabel('Your message').fill('one')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('two')
    expect(heard).toEqual([])
    await page.keyboard.press('Enter')
    await card(page, 'echo: one').waitFor()
    expect(heard[0]).toMatchObject({ text: 'one\ntwo', kind: 'chat' })
    expect(await page.getByLabel('Your message').inputValue()).toBe('')
  })

  test('stays in its session, also after a reload, until a new chat is begun', async () => {
    const { url, heard } = await house()
    const page = await visit(url)
    await ask(page, 'first')
    await card(page, 'echo: first').waitFor()
    await page.reload()
    await card(page, 'echo: first').waitFor()
    await ask(page, 'second')
    await card(page, 'echo: second').waitFor()
    await page.getByRole('button', { name: 'New chat' }).click()
    await page.getByRole('heading', { name: 'How may I help?' }).waitFor()
    await ask(page, 'third')
    await card(page, 'echo: third').waitFor()
    const [first, second, third] = heard.map(what => what.conversation)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  test('stops a turn with the button of its card', async () => {
    const turn = stagedTurn()
    const { url, heard } = await house({}, turn.answer)
    const page = await visit(url)
    await ask(page, 'a long task')
    await page.getByRole('button', { name: 'Stop' }).click()
    await expect
      .poll(() => heard.find(isPress))
      .toMatchObject({ action: 'stop', token: stop.token, conversation: heard[0]?.conversation })
    await turn.show(final('Stopped.'))
    await page.getByText('Stopped.').first().waitFor()
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)
  })

  test('shows hostile text as text', async () => {
    const hostile =
      '<img src=x onerror="document.title=1"> [a](javascript:alert(1)) [b](data:text/html,x) <script>document.title=2</script>'
    const { url } = await house({}, async ({ conversation, replyTo }, worker) => {
      await worker.post(conversation, final(hostile), replyTo)
    })
    const page = await visit(url)
    await ask(page, 'attack')
    await page.locator('.card[aria-busy=false]').waitFor()
    expect(await page.locator('.card .body').innerText()).toBe(hostile)
    expect(await page.locator('.card :is(img, script, a)').count()).toBe(0)
    expect(await page.title()).toBe('Bellhop')
  })

  test('says in a sentence what went wrong, and tries again', async () => {
    let away = true
    const { url } = await house({}, async ({ conversation, replyTo }, worker) => {
      if (away) throw new Error('redis is away')
      await worker.post(conversation, final('here I am'), replyTo)
    })
    const page = await visit(url)
    await ask(page, 'anybody?')
    await page.locator('.card .fault').waitFor()
    expect(await page.locator('.card .fault').innerText()).toMatch(/^The message could not be kept.*try again/)
    await page.screenshot({ path: join(shots, 'light-6-error.png') })
    away = false
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.locator('.card .body').getByText('here I am').waitFor()
  })

  test('says so when the server is gone in the middle of an answer', async () => {
    const turn = stagedTurn()
    const { url, adapter } = await house({}, turn.answer)
    const page = await visit(url)
    await ask(page, 'still there?')
    await page.locator('.card .steps li').waitFor()
    await adapter.stop()
    await page.locator('.card .fault').waitFor()
    expect(await page.locator('.card .fault').innerText()).toContain('going down')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('The server cannot be reached: nothing was sent.').first().waitFor()
  })

  test('asks for a key, tells a wrong one, and goes on with the right one', async () => {
    const { url, heard } = await house({ apiKeys: ['right'], status: async () => status })
    const page = await visit(url)
    await ask(page, 'let me in')
    await page.getByLabel('API key').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('did not accept').waitFor()
    await page.screenshot({ path: join(shots, 'light-7-key.png') })
    expect(heard).toEqual([])
    await page.getByLabel('API key').fill('right')
    await page.keyboard.press('Enter')
    await card(page, 'echo: let me in').waitFor()
    await page.getByText('2 of 4 servers').waitFor()
  })

  test('speaks steps and the final answer to a screen reader, not every word', async () => {
    const turn = stagedTurn()
    const { url } = await house({}, turn.answer)
    const page = await visit(url)
    const spoken = () => page.locator('[role=status]').innerText()
    await ask(page, 'aloud')
    await expect.poll(spoken).toBe('⏳ Thinking')
    await turn.show(running('⏳ List tables · 10 %\n\nfirst words'))
    await expect.poll(spoken).toBe('⏳ List tables')
    await turn.show(final('The answer.\n\n-# footer'))
    await expect.poll(spoken).toBe('The answer.')
    expect(await page.getByRole('log').getAttribute('aria-live')).toBe('off')
  })
})
