import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { openHouse } from '../src/house.ts'
import { silentLog } from '../src/log.ts'
import { dataFolder } from './processes.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

test('the whole house says none of the secrets that it was configured with', async () => {
  const root = join(import.meta.dirname, '..')
  const data = dataFolder()
  const [telegram, openai] = [await startTelegramWire(), await startOpenAiWire()]
  const env = {
    PATH: process.env['PATH'],
    DATA_DIR: data.path,
    PORT: '0',
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    OPENAI_BASE_URL: openai.url,
    OPENAI_API_KEY: 'key-of-the-model-1',
    SERVERS_CONFIG: join(root, 'bench/no-servers.config.json'),
  }
  const house = await openHouse({ config: loadConfig(root, env), log: silentLog })
  onTestFinished(async () => {
    await house.close()
    await Promise.all([telegram.close(), openai.close()])
    data.remove()
  })
  const secret = `key-of-the-model-1 and ${telegram.token}`
  openai.script([{ text: `I have ${secret}.` }, { text: `I have ${secret}.` }])
  telegram.say({ text: 'what have you?' })
  const shown = () => telegram.messages(42).filter(({ bot }) => bot)
  await expect.poll(() => shown().at(-1)?.text, { timeout: 10_000 }).toBe('I have [hidden] and [hidden].')
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${house.webUrl}/chat`, { method: 'POST', headers, body: JSON.stringify({ message: 'and here?' }) })
  expect(await answer.json()).toMatchObject({ response: 'I have [hidden] and [hidden].' })
  const said = telegram.calls.map(({ payload }) => JSON.stringify(payload)).join('\n')
  expect(said).not.toMatch(/key-of|the-model/)
  expect(said).not.toContain(telegram.token)
})
