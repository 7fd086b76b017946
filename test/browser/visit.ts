import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

const root = join(import.meta.dirname, '../..')
/** Where the pictures go, for a person to look at. */
const shots = join(root, '.artifacts')
const args =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

/** A browser for the tests of this file. After each test its pages are closed, and none of them may have complained. */
export function openBrowser() {
  let browser: Browser
  const pages: Page[] = []
  /** What a page itself complained about: a script that threw, or something that its content policy forbids. */
  let faults: string[] = []
  beforeAll(async () => {
    mkdirSync(shots, { recursive: true })
    browser = await chromium.launch({ executablePath: findChromium(), headless: true, args: args.split(' ') })
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close()
    const found = faults
    faults = []
    expect(found).toEqual([])
  })

  return async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 820 }, locale: 'en-GB', ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(10_000) // so that a test tells what it waited for
    pages.push(page)
    page.on('pageerror', error => faults.push(error.message))
    page.on('console', entry => entry.text().includes('Content Security Policy') && faults.push(entry.text()))
    await page.goto(url)
    return page
  }
}

export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(shots, `${name}.png`) })
}

export async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.keyboard.press('Enter')
}

/** The same choice, in the same order, as `script/bootstrap --browser`. */
function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const installed = names.flatMap(name => folders.map(folder => join(folder, name))).find(isProgram)
  return process.env['CHROMIUM'] || (installed ?? join(root, '.runtime/bin/chromium'))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // not there
  }
}
