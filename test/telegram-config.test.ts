import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { ConfigError } from '../src/errors.ts'

const hook = { url: 'https://bot.example.org/telegram/updates', secret: 'only-Telegram_knows' }

test.each<[string, Record<string, string>, string]>([
  [
    'an address without a secret',
    { TELEGRAM_WEBHOOK_URL: hook.url },
    'TELEGRAM_WEBHOOK_URL is set without TELEGRAM_WEBHOOK_SECRET: set it to 1 to 256 letters, digits, _ and - of your choice',
  ],
  [
    'an address that Telegram would refuse',
    { TELEGRAM_WEBHOOK_URL: 'http://bot.example.org/telegram', TELEGRAM_WEBHOOK_SECRET: 's' },
    'TELEGRAM_WEBHOOK_URL is "http://bot.example.org/telegram": it must be an https:// address with a path of letters, digits and _ - . ~ such as https://bot.example.org/telegram',
  ],
  [
    'a secret that Telegram would refuse, without repeating it',
    { TELEGRAM_WEBHOOK_URL: hook.url, TELEGRAM_WEBHOOK_SECRET: 'two words' },
    'TELEGRAM_WEBHOOK_SECRET is not usable: it must be 1 to 256 letters, digits, _ and -',
  ],
])('%s is a mistake of the configuration', (_, env, sentence) => {
  expect(problemsOf(env)).toContain(sentence)
})

test.each([
  'https://bot.example.org',
  'https://bot.example.org/',
  'https://bot.example.org/:x',
  'https://bot.example.org/a?b',
  'https://u:p@x.org/a',
])('%s is no address for a webhook', url =>
  expect(problemsOf({ TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: 's' })).toHaveLength(1),
)

test('a webhook that is set reaches the configuration', () => {
  const env = { TELEGRAM_TOKEN: '1:a', TELEGRAM_WEBHOOK_URL: hook.url, TELEGRAM_WEBHOOK_SECRET: hook.secret }
  expect(loadConfig(import.meta.dirname, env).telegram).toEqual({ token: '1:a', perSecond: 25, webhook: hook })
})

test('rich messages are off unless they are asked for', () => {
  const telegramOf = (env: Record<string, string>) => loadConfig(import.meta.dirname, { TELEGRAM_TOKEN: '1:a', ...env }).telegram
  expect(telegramOf({})).toEqual({ token: '1:a', perSecond: 25 })
  expect(telegramOf({ TELEGRAM_RICH: 'off' })).toEqual({ token: '1:a', perSecond: 25 })
  expect(telegramOf({ TELEGRAM_RICH: 'auto' })).toEqual({ token: '1:a', perSecond: 25, rich: 'auto' })
  expect(problemsOf({ TELEGRAM_RICH: 'yes' })).toEqual(['TELEGRAM_RICH is "yes": it must be one of off, auto, on'])
})

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(import.meta.dirname, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
