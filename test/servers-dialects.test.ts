import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import { parse } from 'jsonc-parser'
import { describe, expect, test } from 'vitest'
import { jsonSchema } from '../src/config/servers/entry.ts'
import { readServers } from '../src/config/servers.ts'
import { env, rows } from './servers.dialects.ts'
import { dialects as folder } from './servers.read.ts'

const root = join(import.meta.dirname, '..')

describe('what another client has is read as it is', () => {
  test.each(rows)('%s', (file, { servers, off = [], said = [] }) => {
    const config = readServers(readFileSync(join(folder, file), 'utf8'), file, env, folder)
    expect(config.servers).toEqual(servers)
    const disabled = config.disabled.map(({ name, error }) => (error === undefined ? name : `${name}: ${error}`))
    expect(disabled).toEqual(off.map(sentence => expect.stringContaining(sentence)))
    expect(disabled.map(sentence => sentence.includes(':'))).toEqual(off.map(sentence => sentence.includes(':')))
    expect(config.warnings).toEqual(said.map(sentence => expect.stringContaining(sentence)))
  })

  test('no fixture is forgotten', () => {
    expect(rows.map(([file]) => file).sort()).toEqual(globSync('*.json', { cwd: folder }).sort())
  })
})

describe('docs/servers.schema.json', () => {
  const text = readFileSync(join(root, 'docs/servers.schema.json'), 'utf8')
  const validate = new AjvJsonSchemaValidator().getValidator(JSON.parse(text))
  const files = [...globSync(join(folder, '*.json')), join(root, 'servers.config.json')]

  test('is what the code makes of its own schema: npm run schema', () => {
    expect(text).toBe(jsonSchema())
  })

  test.each(files.map(file => [basename(file), file]))('lets %s pass', (_name, file) => {
    expect(validate(parse(readFileSync(file, 'utf8')))).toMatchObject({ valid: true })
  })

  test.each([
    ['mcpServers', { command: 5 }],
    ['servers', { url: 'https://x.org', type: 'pigeon' }],
    ['mcp_servers', { command: 'x', maxConcurrency: 0 }],
  ])('finds a mistake below %s', (key, entry) => {
    expect(validate({ [key]: { good: { command: 'x' } } })).toMatchObject({ valid: true })
    expect(validate({ [key]: { bad: entry } })).toMatchObject({ valid: false })
  })
})
