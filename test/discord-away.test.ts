// The whole house: what is said while it is dead is answered once it lives again.
import { afterAll, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { startDiscordWire } from './wire/discord.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { startTelegramWire } from './wire/telegram.ts'

const data = dataFolder()
const houses: HouseProcess[] = []
afterAll(async () => {
  await Promise.all(houses.map(house => house.end()))
  data.remove()
})

test('what is said on Discord and brought by Telegram while the house is dead is answered once after its return', async () => {
  let web = 'http://127.0.0.1:1'
  const reach = (url: string) => web + new URL(url).pathname
  const [telegram, discord] = await Promise.all([startTelegramWire({ reach }), startDiscordWire()])
  const openai = await startOpenAiWire({
    script: body => ({
      text: `answer to ${body.messages
        .findLast(({ role }) => role === 'user')
        ?.content?.split('\n')
        .at(-1)}`,
    }),
  })
  const env = {
    DATA_DIR: data.path,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.url,
    TELEGRAM_WEBHOOK_URL: 'https://bot.example.org/telegram',
    TELEGRAM_WEBHOOK_SECRET: 'hush',
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    OPENAI_BASE_URL: openai.url,
    HTTP_API_KEYS: 'a-key',
    LOG_LEVEL: 'warn',
  }
  const start = async () => {
    const house = startProcess(env)
    houses.push(house)
    const said = await house.says('Bellhop is up')
    web = /http:\/\/[\w.]+:\d+/.exec(said)?.[0] ?? web
    return house
  }
  const answers = () => [
    ...discord.messages().flatMap(({ author, content }) => (author.bot ? [content] : [])),
    ...telegram.messages(42).flatMap(({ bot, text }) => (bot ? [text] : [])),
  ]
  const answered = (...texts: string[]) =>
    expect.poll(answers, { timeout: 15_000 }).toEqual(texts.map(text => `answer to ${text}`))

  const first = await start()
  discord.say('one')
  await answered('one')
  await first.end('SIGKILL')
  discord.say('two', { untold: true })
  discord.say('not for the bot', { mention: false, untold: true })
  telegram.say({ text: 'three' })
  await start()
  await answered('one', 'two', 'three')
  await Promise.all([telegram.close(), discord.close(), openai.close()])
}, 40_000)
