import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readMemberServer } from '../src/config/servers/member.ts'
import { serverDefaults } from '../src/config/servers.ts'
import { folder, problemsOf, readOne } from './servers.read.ts'

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a program', () => {
  test.each([
    [['a\nb'], '.args[0] holds a line break'],
    [['a', 'b\r'], '.args[1] holds a line break'],
    [['a\0'], '.args[0] holds a line break or a zero byte'],
  ])('is not started with %j', (args, sentence) => {
    expect(readOne({ command: 'x', args }).error).toContain(`mcpServers.a${sentence}`)
  })

  test('is not started with a line break that comes from a variable', () => {
    expect(readOne({ command: 'x', args: ['${KEY}'] }, { KEY: 'a\nb' }).error).toContain('.args[0] holds a line break')
  })

  test.each([
    ['docker', ['run', '--privileged', 'image'], '--privileged'],
    ['/usr/bin/podman', ['run', '--network', 'host', 'image'], '--network host'],
    ['docker', ['run', '--net=host', 'image'], '--net=host'],
    ['docker.exe', ['run', '--pid=host', 'image'], '--pid=host'],
  ])('%s %j would open the machine', (command, args, flag) => {
    expect(readOne({ command, args }).error).toContain(`${flag}, which opens this machine to it`)
  })

  test.each([
    ['docker', ['run', '--privileged=false', '--network', 'hostel', '-e', 'KEY', 'image']],
    ['my-server', ['--privileged']],
  ])('%s %j opens nothing', (command, args) => {
    expect(readOne({ command, args })).toMatchObject({ server: { name: 'a' }, warnings: [] })
  })

  test.each<[string, string[], boolean]>([
    ['sh', ['-c', 'curl x | sh'], true],
    ['/bin/bash', ['-lc', 'x'], true],
    ['node', ['--eval=x'], true],
    ['deno', ['eval', 'x'], true],
    ['python3.12', ['-Ic', 'x'], true],
    ['cmd.exe', ['/c', 'npx', 'x'], true],
    ['npx', ['-c', 'x'], true],
    ['python', ['server.py', '-c', 'config.yml'], false],
    ['python', ['-m', 'server'], false],
    ['node', ['server.js', '-e', 'production'], false],
    ['npx', ['-y', 'server', '-c', 'x'], false],
    ['docker', ['run', '-e', 'KEY', 'image'], false],
  ])('%s %j is said to take code: %s', (command, args, told) => {
    const { server, warnings } = readOne({ command, args })
    expect(server?.name).toBe('a')
    expect(warnings.some(warning => warning.includes('code on its command line'))).toBe(told)
  })

  test('with its arguments in its name is wondered at', () => {
    expect(readOne({ command: 'npx -y server' }).warnings[0]).toContain('spaces included')
    expect(readOne({ command: '/opt/my tools/server' }).warnings).toEqual([])
  })
})

describe('signing in', () => {
  const url = 'https://x.org/mcp'
  test.each<[object, object]>([
    [{}, { type: 'oauth', scopes: [] }],
    [{ oauth: false }, { type: 'none' }],
    [{ oauth: { enabled: false } }, { type: 'none' }],
    [{ auth: 'none' }, { type: 'none' }],
    [{ headers: { authorization: 'Basic x' } }, { type: 'bearer' }],
    [{ auth: { type: 'bearer', token: '${KEY}' } }, { type: 'bearer' }],
    [{ auth: { type: 'oauth', scopes: 'a b' } }, { type: 'oauth', scopes: ['a', 'b'] }],
    [
      { auth: { type: 'client_credentials', clientId: 'i', clientSecret: '${KEY}', scopes: ['a'] } },
      { type: 'client_credentials', clientId: 'i', clientSecret: 'k', scopes: ['a'] },
    ],
    [{ auth: { type: 'oauth', dpop: true } }, { type: 'oauth', scopes: [], dpop: true }],
    [
      {
        auth: {
          type: 'private_key_jwt',
          clientId: 'i',
          privateKeyFile: 'k.pem',
          algorithm: 'ES256',
          issuer: 'https://as.example',
        },
      },
      {
        ...{ type: 'private_key_jwt', clientId: 'i', scopes: [], issuer: 'https://as.example' },
        ...{ privateKey: { file: join(folder, 'k.pem') }, algorithm: 'ES256' },
      },
    ],
    [
      { auth: { type: 'wif', clientId: 'i', assertionFile: '/var/run/token' } },
      { type: 'wif', clientId: 'i', scopes: [], assertion: { file: '/var/run/token' } },
    ],
    [
      {
        auth: {
          ...{ type: 'ema', clientId: 'i', clientSecret: 's' },
          idp: { issuer: 'https://idp.example', tokenEndpoint: 'https://idp.example/t', clientId: 'p', idToken: '${KEY}' },
        },
      },
      {
        ...{ type: 'ema', clientId: 'i', clientSecret: 's', scopes: [] },
        idp: { issuer: 'https://idp.example', tokenEndpoint: 'https://idp.example/t', clientId: 'p', idToken: { text: 'k' } },
      },
    ],
  ])('%j is %j', (entry, auth) => {
    expect(readOne({ url, ...entry }, { KEY: 'k' }).server?.auth).toEqual(auth)
  })

  test('a token becomes a header, unless the entry has one', () => {
    const headers = (entry: object) => readOne({ url, ...entry }).server?.transport
    expect(headers({ auth: { token: 't' } })).toMatchObject({ headers: { Authorization: 'Bearer t' } })
    expect(headers({ auth_token: 't', headers: { authorization: 'own' } })).toHaveProperty('headers', { authorization: 'own' })
  })

  test.each([
    [{ auth: { type: 'bearer' } }, '.auth.token is missing'],
    [{ auth: { type: 'client_credentials', clientId: 'i' } }, '.auth needs clientId and clientSecret for client_credentials'],
    [{ auth: { type: 'private_key_jwt', clientId: 'i' } }, '.auth needs clientId, privateKey and algorithm for private_key_jwt'],
    [{ auth: { type: 'wif', clientId: 'i' } }, '.auth needs clientId and assertion for wif'],
    [
      { auth: { type: 'ema', clientId: 'i', clientSecret: 's', idp: { issuer: 'https://idp.example' } } },
      '.auth.idp needs issuer, clientId and idToken (or idTokenFile)',
    ],
    [{ auth: { type: 'magic' } }, '.auth is wrong: it must be "oauth", "none" or an object'],
    [{ headers: { A: 'a\r\nB: b' } }, '.headers.A is no header that can be sent'],
  ])('%j is refused', (entry, sentence) => {
    expect(readOne({ url, ...entry }).error).toContain(`mcpServers.a${sentence}`)
  })

  test('a mistake repeats no secret', () => {
    const { error } = readOne({
      url,
      headers: { A: 'hunter2\nB' },
      auth: { type: 'client_credentials', clientSecret: 'hunter2' },
    })
    expect(error).toContain('no header')
    expect(error).not.toContain('hunter2')
  })
})

describe('a server of a member', () => {
  test('is reached by https, signed in to when it asks, and closed when nobody uses it', () => {
    expect(readMemberServer(' My Notes ', 'https://x.org/mcp', { 'X-Key': '${HOME} $$' })).toEqual({
      ...serverDefaults,
      name: 'My_Notes',
      transport: { kind: 'auto', url: 'https://x.org/mcp', headers: { 'X-Key': '${HOME} $$' } },
      auth: { type: 'oauth', scopes: [] },
      idleMs: 900_000,
    })
    expect(readMemberServer('a', 'https://x.org', { Authorization: 'Bearer t' }).auth).toEqual({ type: 'bearer' })
  })

  test('is addressed letter by letter: no variable of the operator is filled in', () => {
    expect(readMemberServer('a', 'https://x.org/${HOME}/{env:HOME}').transport).toMatchObject({
      url: 'https://x.org/$%7BHOME%7D/%7Benv:HOME%7D',
    })
  })

  test.each<[string, string, Record<string, string>, string]>([
    ['a', 'http://x.org', {}, 'must begin with https://'],
    ['a', 'file:///etc/passwd', {}, 'must begin with https://'],
    ['a', 'nonsense', {}, 'must begin with https://'],
    ['a', `https://x.org/${'x'.repeat(2048)}`, {}, 'at most 2048 characters'],
    ['a', 'https://ann:hunter2@x.org', {}, 'must hold no user name or password'],
    ['', 'https://x.org', {}, 'a server needs a name'],
    ['a', 'https://x.org', { Host: 'inside' }, '"Host" is no header'],
    ['a', 'https://x.org', { A: 'hunter2\r\nB: b' }, '"A" is no header'],
    ['a', 'https://x.org', { 'Mcp-Session-Id': 'x' }, '"Mcp-Session-Id" is no header'],
    ['a', 'https://x.org', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'v'])), 'at most 20 headers'],
  ])('called %j at %.40s with %j is refused', (name, url, headers, sentence) => {
    const problems = problemsOf(() => readMemberServer(name, url, headers))
    expect(problems).toEqual([expect.stringContaining(sentence)])
    expect(problems[0]).not.toContain('hunter2')
  })
})
