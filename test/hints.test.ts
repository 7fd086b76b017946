// How what somebody types for a prompt goes on: asked by the process that hears him, answered by one that has the servers.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { createHints, type HintRequest } from '../src/queue/hints.ts'
import { dataFolder, type HouseProcess, startProcess } from './processes.ts'
import { testRooms } from './rooms.ts'
import { startDiscordWire } from './wire/discord.ts'

const rooms = await testRooms()
afterAll(rooms.close)
const request: HintRequest = { server: 'hotel', prompt: 'letter', argument: 'to', typed: 'B', known: { date: 'today' } }

test('where nobody answers there is nothing to offer', async () => {
  expect(await rooms.hints.ask(request)).toEqual([])
})

test('one of those who could answer does, with all that was typed, and one that fails has nothing to offer', async () => {
  const heard: HintRequest[] = []
  const answers = ['Bob', 'Bea']
  for (let at = 0; at < 3; at++) {
    await createHints(rooms.house).answer(async what => {
      heard.push(what)
      if (what.typed === 'X') throw new Error('no')
      return answers
    })
  }
  expect(await rooms.hints.ask(request)).toEqual(answers)
  expect(heard).toEqual([request])
  expect(await rooms.hints.ask({ ...request, typed: 'X' })).toEqual([])
  expect(heard).toHaveLength(2)
})

test('on Discord the values of a prompt are those that its server knows, in another process', { timeout: 60_000 }, async () => {
  const data = dataFolder()
  const discord = await startDiscordWire()
  const servers = join(data.path, 'servers.config.json')
  const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
  writeFileSync(servers, JSON.stringify({ mcpServers: { all: { command: 'node', args: [program, 'stdio'] } } }))
  const env = { DATA_DIR: data.path, DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.api, SERVERS_CONFIG: servers }
  const processes: HouseProcess[] = []
  try {
    for (const ROLE of ['gateway', 'worker']) {
      const house = startProcess({ ...env, ROLE })
      processes.push(house)
      await house.says('Bellhop is up')
    }
    const filled = { server: 'all', name: 'completable-prompt' }
    async function offered(typed: string): Promise<unknown> {
      const interaction = discord.typeOption('prompt', 'arguments', typed, filled)
      await expect.poll(() => interaction.state).toBe('answered')
      return interaction.choices?.map(({ value }) => value)
    }
    await expect.poll(() => offered('')).toEqual(['department=', 'name='])
    expect(await offered('department=S')).toEqual(['department=Sales', 'department=Support'])
    const both = ['department=Sales name=David', 'department=Sales name=Eve', 'department=Sales name=Frank']
    expect(await offered('department=Sales name=')).toEqual(both)
  } finally {
    await Promise.all(processes.map(process => process.end()))
    await discord.close()
    data.remove()
  }
})
