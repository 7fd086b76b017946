import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { surveyConfig } from '../src/config/config.ts'
import { variables } from '../src/config/variables.ts'
import { dataFolder, startProcess } from './processes.ts'
import { createServers } from './redis-servers.ts'

// No engine is needed for this: the files are read, not built.
const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** By the grace of SIGTERM: what `src/run.ts` takes for closing beyond DRAIN_SECONDS. */
const closingSeconds = 10

interface Instruction {
  name: string
  text: string
}

/** Remarks are left out, and what goes on behind a backslash is one instruction. */
function instructionsOf(dockerfile: string): Instruction[] {
  return dockerfile
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => ({ name: line.split(' ')[0] ?? '', text: line.slice(line.indexOf(' ') + 1).trim() }))
}

describe('the Dockerfile', () => {
  const all = instructionsOf(read('Dockerfile'))
  const last = all.slice(all.findLastIndex(({ name }) => name === 'FROM'))
  const of = (name: string, among = all) => among.filter(one => one.name === name).map(({ text }) => text)
  const ignored = read('.dockerignore').trim().split('\n')

  test('copies only what is there, and leaves out nothing that the house imports', () => {
    const copied = of('COPY')
      .filter(text => !text.startsWith('--from'))
      .flatMap(text => text.split(/\s+/).slice(0, -1))
    expect(copied.filter(path => !existsSync(join(root, path)))).toEqual([])
    expect(copied.filter(path => ignored.includes(path.split('/')[0] ?? ''))).toEqual([])
    expect(copied).toEqual(expect.arrayContaining(['src', 'adapters', 'servers', 'script', 'skills', 'servers.config.json']))
  })

  test('takes from stages that are there', () => {
    const stages = of('FROM').flatMap(text => /\sAS\s+(\w+)/.exec(text)?.[1] ?? [])
    expect(of('COPY').flatMap(text => /^--from=(\w+)/.exec(text)?.[1] ?? [])).toEqual(expect.arrayContaining(stages))
    expect(stages).toHaveLength(of('FROM').length - 1)
  })

  test('runs the Node that the house needs, and no image that is whatever is newest', () => {
    expect(of('ARG')).toContain('NODE_VERSION=24')
    for (const image of of('FROM')) expect(image).toMatch(/^node:\$\{NODE_VERSION\}-\w+-slim/)
    expect(read('package.json')).toContain('"node": ">=24"')
  })

  test('runs as somebody who is not root, by programs that exist, and is told of signals', () => {
    const user = last.findIndex(({ name }) => name === 'USER')
    expect(of('USER')).toEqual(['node'])
    expect(last.slice(user).some(({ name }) => name === 'RUN' || name === 'COPY')).toBe(false)
    expect(of('ENTRYPOINT')).toEqual(['["tini", "--"]'])
    const programs = [...of('CMD'), ...of('HEALTHCHECK').map(text => text.replace(/^.*CMD /, ''))].map(text => JSON.parse(text))
    expect(programs).toEqual([
      ['node', 'src/main.ts'],
      ['node', 'script/health.ts'],
    ])
    for (const [, program] of programs) expect(existsSync(join(root, program))).toBe(true)
  })

  test('writes nowhere but to /data and /tmp', () => {
    const [settings = ''] = of('ENV', last)
    const { config } = surveyConfig(
      root,
      Object.fromEntries(settings.split(' ').map(pair => pair.split('=') as [string, string])),
    )
    expect(config.dataDir).toBe('/data')
    expect(settings).toMatch(/\bHOME=\/data\b/)
    expect(of('VOLUME')).toEqual(['/data'])
  })

  test('holds no secret, and keeps none from the folder that it is built in', () => {
    const secrets = Object.entries(variables).flatMap(([name, { secret }]) => (secret ? [name] : []))
    for (const text of [...of('ENV'), ...of('ARG')]) for (const name of secrets) expect(text).not.toContain(name)
    expect(ignored).toEqual(expect.arrayContaining(['.env', '.env.*', '.git', 'data', 'node_modules', '.runtime']))
  })
})

interface Service {
  image?: string
  user?: string
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  networks?: string[]
  healthcheck?: { test?: string[]; disable?: boolean }
  stop_grace_period?: string
  restart?: string
  read_only?: boolean
  tmpfs?: string[]
  cap_drop?: string[]
  security_opt?: string[]
  privileged?: boolean
  network_mode?: string
  build?: string
  env_file?: unknown
  depends_on?: Record<string, { condition: string }>
  deploy?: { replicas: number }
}

describe('compose.yaml', () => {
  const file = parse(read('compose.yaml'), { merge: true }) as {
    services: Record<string, Service>
    volumes: Record<string, unknown>
    networks: Record<string, { internal?: boolean } | null>
  }
  const services = Object.entries(file.services)
  const house = services.filter(([name]) => name !== 'redis')

  test('has a Redis, a gateway, and several workers', () => {
    expect(Object.keys(file.services)).toEqual(['redis', 'gateway', 'worker'])
    expect(house.map(([, { environment }]) => environment?.['ROLE'])).toEqual(['gateway', 'worker'])
    expect(file.services['worker']?.deploy?.replicas).toBeGreaterThan(1)
    expect(house.map(([, { image, build }]) => [image, build])).toEqual([
      ['bellhop', '.'],
      ['bellhop', '.'],
    ])
  })

  test.each(services)('%s can do nothing that it need not', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    expect(service.tmpfs?.some(mount => mount.startsWith('/tmp'))).toBe(true)
    expect([service.privileged, service.network_mode]).toEqual([undefined, undefined])
    expect(service.restart).toBe('unless-stopped')
    expect(service.image).not.toMatch(/:latest$/)
    expect(JSON.stringify(service.volumes)).not.toContain('docker.sock')
    expect(['root', '0']).not.toContain(service.user)
  })

  test.each(house)('%s is given longer to end than it takes', (_name, { stop_grace_period: grace = '0s', environment }) => {
    expect(grace).toMatch(/^\d+s$/)
    expect(Number.parseInt(grace, 10)).toBeGreaterThan(Number(environment?.['DRAIN_SECONDS']) + closingSeconds)
  })

  test.each(house)('%s has settings that it can start with', (_name, { environment = {} }) => {
    for (const name of Object.keys(environment)) expect(Object.keys(variables)).toContain(name)
    const { config, problems } = surveyConfig(root, { ...environment, HTTP_API_KEYS: 'a-key-of-somebody' })
    expect(problems).toEqual([])
    expect(config).toMatchObject({ redisUrl: 'redis://redis:6379', dataDir: '/data' })
  })

  test('nothing of it can be reached from other machines, and Redis not even from this one', () => {
    for (const port of services.flatMap(([, { ports = [] }]) => ports)) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(file.services['redis']).toMatchObject({ networks: ['queue'] })
    expect(file.services['redis']?.ports).toBeUndefined()
    expect(file.networks['queue']).toEqual({ internal: true })
  })

  test('Redis keeps every write and throws nothing away, and the others wait until it answers', () => {
    const command = file.services['redis']?.command?.join(' ')
    expect(command).toContain('--appendonly yes')
    expect(command).toContain('--maxmemory-policy noeviction')
    expect(file.services['redis']?.healthcheck?.test).toContain('ping')
    for (const [, service] of house) expect(service.depends_on).toEqual({ redis: { condition: 'service_healthy' } })
  })

  test('what is mounted is there or declared, and only data can be written', () => {
    for (const mount of services.flatMap(([, { volumes = [] }]) => volumes)) {
      const [source = '', , mode] = mount.split(':')
      if (!source.startsWith('.')) expect(Object.keys(file.volumes)).toContain(source)
      else expect([existsSync(join(root, source)), mode]).toEqual([true, 'ro'])
    }
  })

  test('holds no secret: those come from .env', () => {
    const secrets = Object.entries(variables).flatMap(([name, { secret }]) => (secret && name !== 'REDIS_URL' ? [name] : []))
    for (const [, { environment = {}, env_file }] of house) {
      for (const name of secrets) expect(environment[name] ?? '${').toMatch(/^\$\{/)
      expect(env_file).toEqual([{ path: '.env', required: false }])
    }
  })
})

describe('the health check', () => {
  const servers = createServers()
  const data = dataFolder()
  afterAll(async () => {
    await servers.close()
    data.remove()
  })

  const check = (env: Record<string, string>) =>
    new Promise<string>(resolve => {
      const whole = { PATH: process.env['PATH'] ?? '', DATA_DIR: data.path, ...env }
      execFile(process.execPath, [join(root, 'script/health.ts')], { env: whole }, (error, stdout) =>
        resolve(`${error ? 1 : 0} ${stdout.trim()}`),
      )
    })

  test('tells a gateway by its web door', async () => {
    const house = startProcess({ DATA_DIR: data.path, LOG_LEVEL: 'warn' })
    const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await house.says(/Servers\s/)) ?? []
    expect(await check({ PORT: port })).toBe('0 at work')
    await house.end()
    expect(await check({ PORT: port })).toMatch(/^1 not at work: /)
  })

  test('tells a worker by the board that it signs, and by its own signature alone', async () => {
    const { port, redis } = await servers.start()
    const env = { ROLE: 'worker', REDIS_URL: `redis://127.0.0.1:${port}` }
    const posted = { at: Date.now() + 60_000, notice: { worker: 'elsewhere-1', model: '', servers: [] }, tools: '' }
    await redis.hset('bellhop:board', 'elsewhere-1', JSON.stringify(posted))
    expect(await check(env)).toBe('1 not at work')
    const own = join(data.path, 'worker')
    mkdirSync(own)
    const worker = startProcess({ ...env, DATA_DIR: own, LOG_LEVEL: 'warn' })
    await worker.says(/Servers\s/)
    await expect.poll(async () => (await redis.hkeys('bellhop:board')).some(key => key.startsWith(`${hostname()}-`))).toBe(true)
    expect(await check(env)).toBe('0 at work')
    await worker.end()
  })
})

describe('the systemd unit', () => {
  const unit = read('docs/bellhop.service')
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

  test('starts what is there, ends it in peace, and leaves alone what only an operator can mend', () => {
    expect(existsSync(join(root, value('ExecStart').split(' ')[1] ?? ''))).toBe(true)
    expect(value('ExecStart').startsWith(`${value('WorkingDirectory')}/node_modules/.bin/node `)).toBe(true)
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(Number(variables.DRAIN_SECONDS.fallback) + closingSeconds)
    expect(read('src/run.ts')).toContain(`const misconfigured = ${value('RestartPreventExitStatus')}\n`)
    expect([value('User'), value('NoNewPrivileges')]).toEqual(['bellhop', 'yes'])
  })
})

test.each([
  'README.md',
  'README.zh-CN.md',
  'CONTRIBUTING.md',
  'docs/operating.md',
  'docs/security.md',
  'docs/adding-an-adapter.md',
])('%s points at what is there', file => {
  const text = read(file)
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)/g)]
  for (const [, path = '', heading] of links) {
    const target = path === '' ? file : join(file, '..', path)
    expect([target, existsSync(join(root, target))]).toEqual([target, true])
    const headings = heading === undefined ? [] : [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, words = '']) => slugOf(words))
    if (heading !== undefined) expect(headings).toContain(heading)
  }
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
  for (const [, script = ''] of text.matchAll(/`npm run ([\w:]+)/g)) expect(scripts).toContain(script)
})

/** As GitHub makes anchors. */
const slugOf = (words: string) =>
  words
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
