// A question of a server on Discord that outlives every process: gateway and worker are processes, as an operator starts them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { type DiscordWire, startDiscordWire } from './wire/discord.ts'
import { type OpenAiWire, startOpenAiWire } from './wire/openai.ts'

const data = dataFolder()
const ledger = join(data.path, 'ledger')
let discord: DiscordWire
let openai: OpenAiWire
let processes: HouseProcess[] = []

beforeAll(async () => {
  discord = await startDiscordWire()
  openai = await startOpenAiWire()
  const hotel = {
    command: 'node',
    args: [join(import.meta.dirname, 'wire/mcp/asking.ts')],
    env: { LEDGER: ledger },
    autoApprove: ['*'],
  }
  writeFileSync(join(data.path, 'servers.config.json'), JSON.stringify({ mcpServers: { hotel } }))
  await start()
}, 60_000)
beforeEach(() => writeFileSync(ledger, ''))
afterAll(async () => {
  await end()
  await Promise.all([discord.close(), openai.close()])
  data.remove()
})

async function start(): Promise<void> {
  const env = {
    DATA_DIR: data.path,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.api,
    OPENAI_BASE_URL: openai.url,
    SERVERS_CONFIG: join(data.path, 'servers.config.json'),
    DRAIN_SECONDS: '1',
  }
  for (const ROLE of ['gateway', 'worker']) {
    const house = startProcess({ ...env, ROLE })
    processes.push(house)
    await house.says('Bellhop is up')
  }
}

async function end(signal?: NodeJS.Signals): Promise<void> {
  await Promise.all(processes.map(process => process.end(signal)))
  processes = []
}

const place = () => discord.world.dm.id
const replies = () => discord.messages(place()).filter(({ author }) => author.id === discord.world.bot.id)
const labels = () => JSON.stringify(replies().at(-1)?.components ?? [])
const said = () => (existsSync(ledger) ? readFileSync(ledger, 'utf8').trim() : '')

/** Asks the model, which calls this tool and tells what came back; returns the reply once it has this button, after everything was ended by this signal and started again. */
async function askThenRestart(tool: string, button: string, signal?: NodeJS.Signals) {
  const before = replies().length
  openai.script(body => {
    const last = body.messages.at(-1)
    return last?.role === 'tool' ? { text: `It says: ${last.content}` } : { text: 'I ask.', calls: [{ name: tool, input: {} }] }
  })
  discord.sayInDm('A room, please')
  await expect.poll(() => replies().length, { timeout: 20_000 }).toBe(before + 1)
  await expect.poll(labels, { timeout: 20_000 }).toContain(button)
  const asked = replies().at(-1)
  if (!asked) throw new Error('no reply')
  await end(signal)
  expect(said()).toBe('')
  await start()
  return asked
}

const answered = (id: string) =>
  expect.poll(() => discord.messages(place()).find(message => message.id === id)?.content, { timeout: 20_000 })

test('a form is filled in after all processes were restarted, and the same reply tells what came of it', async () => {
  const asked = await askThenRestart('hotel__book', 'Answer')
  const count = replies().length
  const pressed = discord.press(asked.id, 'Answer')
  await expect.poll(() => pressed.modal?.components.map(({ label }) => label)).toEqual(['Name', 'Nights'])
  discord.submit(pressed, { Name: 'Bob', Nights: '3' })
  await answered(asked.id).toContain('booked for Bob, 3 nights, state opaque \u00fc=1')
  expect(said()).toContain('booked for Bob, 3 nights, state opaque \u00fc=1')
  expect(replies()).toHaveLength(count)
}, 60_000)

test('a choice is made by a button after all processes were restarted', async () => {
  const asked = await askThenRestart('hotel__choose', 'garden')
  discord.press(asked.id, 'garden')
  await answered(asked.id).toContain('chosen: garden')
  expect(said()).toContain('chosen: garden')
}, 60_000)

test('a question that was open when all processes were killed is answered by the click after they are back', async () => {
  const asked = await askThenRestart('hotel__choose', 'sea', 'SIGKILL')
  await processes[0]?.says('this gateway listens now') // the dead one's lease has run out: until then nobody hears a click
  discord.press(asked.id, 'sea')
  await answered(asked.id).toContain('chosen: sea')
  expect(said()).toContain('chosen: sea')
}, 60_000)
