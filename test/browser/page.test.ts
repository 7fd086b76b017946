import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { HouseStatus } from '../../adapters/web/status.ts'
import type { Button, Outgoing } from '../../src/adapter.ts'
import { isPress } from '../../src/message.ts'
import { end, finalCard, liveCard, progress, start, text } from '../cards.ts'
import { type Answer, final, house, running, stop } from '../web.house.ts'
import { ask, openBrowser, shoot } from './visit.ts'

const visit = openBrowser()

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

See [the SQLite documentation](https://sqlite.org/lang_select.html) for more.`

const events = [
  text('I look at the **tables** first.'),
  start('List tables'),
  end('List tables', 200),
  start('Read query', 'one'),
  start('Search_Twitter'),
  end('Search_Twitter', 1000, 'failed'),
  start('Read query', 'two'),
  progress('one', 43, 'reading orders'),
  end('two', 400),
]
const answered = [...events, end('one', 3100), text(tableAnswer)]

/** A turn whose every state is shown when the test says so. */
function stagedTurn() {
  let show: (out: Outgoing) => Promise<void> = () => Promise.reject(new Error('nobody has asked yet'))
  const answer: Answer = async ({ conversation, replyTo }, worker) => {
    const id = await worker.post(conversation, running('⏳ Thinking'), replyTo)
    show = out => worker.edit(conversation, id, out)
  }
  return { answer, show: (out: Outgoing) => show(out) }
}

const card = (page: Page, text: string) => page.locator('.card .body').getByText(text)

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
  const shootIt = (what: string) => shoot(page, `${name}-${what}`)
  await page.locator('#house[data-state=degraded]').waitFor()
  await shootIt('1-empty')

  await page.locator('.example').first().click()
  await page.locator('.card .steps .running').waitFor()
  await turn.show(running(liveCard(events)))
  await expect.poll(() => page.locator('.card .steps li').count()).toBe(4)
  expect(await page.locator('.card progress').getAttribute('value')).toBe('43')
  expect(await page.locator('.card .steps .failed').innerText()).toContain('Search_Twitter')
  expect(await page.locator('.card .body strong').innerText()).toBe('tables')
  await shootIt('2-running')

  await turn.show(final(finalCard(answered)))
  await page.locator('.card[aria-busy=false]').waitFor()
  expect(await page.locator('.card .steps li').count()).toBe(0)
  expect(await page.locator('.card table tbody tr').count()).toBe(3)
  expect(await page.locator('.card .small').innerText()).toMatch(/!\sSearch_Twitter 1\.0 s/)
  await page.evaluate('document.getElementById("scroll").scrollTop = 0')
  await shootIt('3-answer')
  await page.evaluate('document.getElementById("scroll").scrollTop = 1e6')
  await shootIt('4-answer-end')

  await page.locator('#house').click()
  await page.locator('#panel li').nth(3).waitFor()
  await shootIt('5-servers')
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

  test('forgets the oldest turns when there is no more room for them', async () => {
    const { url } = await house()
    const page = await visit(url)
    await page.evaluate('localStorage.setItem("filler", "x".repeat(5 * 1024 * 1024 - 50_000))')
    for (const name of ['first', 'second', 'third']) {
      await ask(page, `${name} ${'x'.repeat(10_000)}`)
      await page.locator('.card').last().and(page.locator('[aria-busy=false]')).waitFor()
    }
    await page.reload()
    expect(await page.locator('.question p').allInnerTexts()).toEqual([
      expect.stringMatching(/^second x/),
      expect.stringMatching(/^third x/),
    ])
  })

  test('shows a long question in a frame, and offers no Retry for one that is too large', async () => {
    const { url } = await house()
    const page = await visit(url)
    await page.evaluate('document.getElementById("message").value = ("a line" + "x".repeat(1000) + "\\n").repeat(1200)')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('.card .fault').getByText('at most 1 MB').waitFor()
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0)
    const height = (await page.locator('.question').boundingBox())?.height ?? 0
    expect(height).toBeLessThan(500)
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

  test('shows what is asked by buttons of any kind, and what is said to who pressed one', async () => {
    const turn = stagedTurn()
    const token = '0123456789abcdef'
    const buttons: Button[] = [
      { label: 'Approve', action: 'yes', token, tone: 'good' },
      { label: 'Deny', action: 'no', token, tone: 'bad' },
      { label: 'Second', action: 'pick', token: `${token}.2` },
      stop,
    ]
    const asked: Outgoing = { text: 'May I delete **3 rows**?', buttons, final: false }
    const { url, heard } = await house({}, turn.answer, async ({ conversation, action, aside }, worker) => {
      if (action === 'no') throw new Error('redis is away')
      const more: Button[] = [{ label: 'Yes, really', action: 'yes', token: 'second' }]
      const words = 'Look at [the rows](https://example.org/rows) first.'
      if (action === 'pick') await worker.post(conversation, { text: words, buttons: more, final: true }, aside)
    })
    const page = await visit(url)
    await ask(page, 'clean up')
    await page.locator('.card .running').waitFor()
    await turn.show(asked)
    const button = (name: string) => page.locator('.card').getByRole('button', { name, exact: true })
    await button('Approve').waitFor()
    const colours = '[...document.querySelectorAll(".card .buttons button")].map(it => getComputedStyle(it).color)'
    const [approve, deny, second] = (await page.evaluate(colours)) as string[]
    expect(new Set([approve, deny, second]).size).toBe(3)
    await button('Deny').click()
    const beside = page.locator('.card .beside')
    await beside.getByText('could not be kept').waitFor()
    await shoot(page, 'light-8-ask-not-kept')
    await button('Second').click()
    await beside.getByText('first.').waitFor()
    expect(await beside.locator('.fault').count()).toBe(0)
    expect(await beside.getByRole('link').getAttribute('href')).toBe('https://example.org/rows')
    expect(await page.locator('.card .body').innerText()).toBe('May I delete 3 rows?')
    await shoot(page, 'light-9-ask')
    await button('Yes, really').click()
    await expect
      .poll(() => heard.filter(isPress).map(press => `${press.action}:${press.token}`))
      .toEqual([`no:${token}`, `pick:${token}.2`, 'yes:second'])
    await expect.poll(() => beside.innerText()).toBe('')
    await button('Second').click()
    await beside.getByText('first.').waitFor()
    await turn.show(final('Deleted.'))
    await expect.poll(() => beside.innerText()).toBe('')
    await ask(page, 'and tomorrow?')
    await expect.poll(() => heard.at(-1)).toMatchObject({ text: 'and tomorrow?', conversation: heard[0]?.conversation })
  })

  test('says that a press did not reach the server', async () => {
    const turn = stagedTurn()
    const { url, adapter } = await house({}, turn.answer)
    const page = await visit(url)
    await ask(page, 'a long task')
    const button = page.getByRole('button', { name: 'Stop' })
    await button.waitFor()
    await adapter.stop()
    await button.click()
    await page.locator('.card .beside').getByText('did not reach the server').waitFor()
    await expect.poll(() => page.locator('[role=status]').innerText()).toContain('did not reach the server')
    expect(await button.isEnabled()).toBe(true)
  })

  test('lets a step that goes on stay the same element, and says that it thinks', async () => {
    const turn = stagedTurn()
    const { url } = await house({}, turn.answer)
    const page = await visit(url)
    await ask(page, 'a long task')
    await page.locator('.card .steps li').waitFor()
    await turn.show(running(liveCard([])))
    await page.locator('.card .thinking').getByText('thinking…').waitFor()
    const steps = [start('A'), start('B'), progress('B', 10)]
    await turn.show(running(liveCard(steps)))
    await page.locator('.card progress').waitFor()
    await page.evaluate('document.querySelectorAll(".steps li")[1].dataset.seen = "yes"')
    await turn.show(running(liveCard([...steps, end('A', 100), progress('B', 60)])))
    await expect.poll(() => page.locator('.card progress').getAttribute('value')).toBe('60')
    expect(await page.locator('.card .steps li.ok').count()).toBe(1)
    expect(await page.locator('.card .steps li.running').getAttribute('data-seen')).toBe('yes')
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
    await shoot(page, 'light-6-error')
    away = false
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.locator('.card .body').getByText('here I am').waitFor()
  })

  test('keeps what it showed when the server is gone in the middle of an answer, and waits for it', async () => {
    const turn = stagedTurn()
    const { url, adapter } = await house({}, turn.answer)
    const page = await visit(url)
    await ask(page, 'still there?')
    await page.locator('.card .steps li').waitFor()
    const again = page.waitForEvent('requestfailed', request => request.url().endsWith('/chat/follow'))
    await adapter.stop()
    await again
    expect(await page.locator('.card .steps li').count()).toBeGreaterThan(0)
    expect(await page.locator('.card .fault').count()).toBe(0)
  })

  test('asks for a key, tells a wrong one, and goes on with the right one', async () => {
    const { url, heard } = await house({ apiKeys: ['right'], status: async () => status })
    const page = await visit(url)
    await ask(page, 'let me in')
    await page.getByLabel('API key').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('did not accept').waitFor()
    await shoot(page, 'light-7-key')
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
    await turn.show(running(liveCard([text('first words'), start('List tables'), progress('List tables', 10)])))
    await expect.poll(spoken).toBe('⏳ List tables')
    await turn.show(final('The answer.\n\n-# footer'))
    await expect.poll(spoken).toBe('The answer.')
    expect(await page.getByRole('log').getAttribute('aria-live')).toBe('off')
  })
})
