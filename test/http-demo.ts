// `npm run demo:http`: what the `ai` package, the `openai` library and `curl` get of one turn of a whole house, with the OpenAI wire as model.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config/config.ts'
import { openHouse } from '../src/house.ts'
import { silentLog } from '../src/log.ts'
import { clients, question, twoCalls } from './http-clients.ts'
import { startOpenAiWire } from './wire/openai.ts'

const root = join(import.meta.dirname, '..')
const data = mkdtempSync(join(tmpdir(), 'bellhop-demo-'))
const wire = await startOpenAiWire()
const env = { PATH: process.env['PATH'], DATA_DIR: data, PORT: '0', OPENAI_BASE_URL: wire.url }
const config = loadConfig(root, { ...env, SERVERS_CONFIG: join(root, 'test/demo.servers.json') })
const house = await openHouse({ config, log: silentLog })
const url = /http:\/\/[\d.:]+/.exec(house.banner)?.[0] ?? ''

console.log(house.banner)
for (const { name, ask } of clients) {
  console.log(`\n━━ ${name} ━━\n> ${question}`)
  wire.script([twoCalls, { text: 'Four tables, and it is done.' }])
  const heard = await ask(url, line => console.log(line.trimEnd()))
  console.log(`→ ${JSON.stringify(heard)}`)
}
await house.close()
await wire.close()
rmSync(data, { recursive: true, force: true })
