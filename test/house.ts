import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Every breach of the rules of the house below `root`, one sentence each, naming the room. */
export function inspectHouse(root: string): string[] {
  const rooms = readRooms(root)
  return [circles, floors, edges, doors, environment, roomLength, functionLength, habits].flatMap(rule => rule(rooms))
}

interface Room {
  path: string
  code: string
  /** As they are written. */
  imports: string[]
  /** Rooms of ours, as paths from the root. */
  neighbours: string[]
}

function readRooms(root: string): Room[] {
  return globSync('{src,adapters,servers}/**/*.ts', { cwd: root })
    .sort()
    .map(path => {
      const code = readFileSync(join(root, path), 'utf8')
      const imports = [...code.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|\bimport\('([^']+)'\)/gm)].map(
        match => match[1] ?? match[2] ?? '',
      )
      const neighbours = imports.filter(name => name.startsWith('.')).map(name => normalize(join(dirname(path), name)))
      return { path, code, imports, neighbours }
    })
}

function circles(rooms: Room[]): string[] {
  const byPath = new Map(rooms.map(room => [room.path, room]))
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) found.push(`circle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`)
    if (trail.includes(path) || done.has(path)) return
    for (const next of byPath.get(path)?.neighbours ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const room of rooms) visit(room.path, [])
  return found
}

/** From the ground up; a room may use its own floor and those below it. */
const plan: [RegExp, number][] = [
  [/^src\/(message|ask|allowance|typo|adapter|model|toolbox|errors|log|redact|markup|fence|either)\.ts$|^src\/i18n\//, 0],
  [/^src\/(redis|config|net|skills)\/|^src\/(vault|keys)\.ts$/, 1],
  [/^src\/(mcp|models|queue|tools|permissions)\/|^src\/(history|sessions|visits|settings|admins|budgets)\.ts$/, 2],
  [/^src\/(agent|media|doctor|telemetry)\//, 3],
  [/^src\/setup\//, 4],
  [
    /^src\/reply\/|^src\/(receive|answers|commands|listings|(mcp|model|permit|settings)-command|own-tools|suggestions|sign-in|sign-of-life|server-desk|house-status|callback|turns|door|recall|banner|posting|operator)\.ts$/,
    4,
  ],
  [/^src\/(worker|compose|terms|telling|asking|recaps|paying|opening|behind|notes|delivery|endings|direct|reporting)\.ts$/, 5],
  [/^src\/(shift|rooms)\.ts$/, 6],
  [/^src\/house\.ts$/, 7],
  [/^src\/run\.ts$/, 8],
  [/^src\/main\.ts$/, 9],
]
const floorOf = (path: string) => plan.find(([rooms]) => rooms.test(path))?.[1]

function floors(rooms: Room[]): string[] {
  return rooms.flatMap(({ path, neighbours }) => {
    if (!path.startsWith('src/')) return []
    const floor = floorOf(path)
    if (floor === undefined) return [`${path} has no floor: give it one in the plan of test/house.ts`]
    return neighbours.filter(next => (floorOf(next) ?? 0) > floor).map(next => `${path} imports upward: ${next}`)
  })
}

const porch = /^src\/(message|ask|adapter|errors|log|markup)\.ts$|^src\/i18n\//

/** Platforms stay at the edge: the core knows none, an adapter knows only the porch, a bundled server nothing but what servers share. */
function edges(rooms: Room[]): string[] {
  return rooms.flatMap(({ path, neighbours }) => {
    const own = path.split('/').slice(0, 2).join('/')
    const allowed = (next: string) => {
      if (path === 'src/house.ts' || path === 'src/run.ts') return true
      if (path.startsWith('src/')) return !/^(adapters|servers)\//.test(next)
      if (next.startsWith(`${own}/`)) return true
      return path.startsWith('adapters/') ? porch.test(next) : /^servers\/[a-z]+\.ts$/.test(next)
    }
    return neighbours.filter(next => !allowed(next)).map(next => `${path} may not import ${next}`)
  })
}

/** The one place where each foreign library is let in. */
const doorPlan: [RegExp, RegExp][] = [
  [/^bullmq$/, /^src\/queue\//],
  [/^ioredis$/, /^src\/redis\//],
  [/^openai(\/|$)/, /^src\/models\//],
  [/^@modelcontextprotocol\/client/, /^src\/mcp\//],
  [/^@modelcontextprotocol\/server/, /^(servers|adapters\/web)\//],
  [/^discord\.js$|^@discordjs\/|^discord-api-types/, /^adapters\/discord\//],
  [/^grammy(\/|$)|^@grammyjs\//, /^adapters\/telegram\//],
  [/^hono(\/|$)|^@hono\//, /^adapters\/web\//],
  [/^@bull-board\//, /^adapters\/web\/queue-board\.ts$/],
  [/^pino/, /^src\/log\.ts$/],
  [/^unpdf(\/|$)/, /^src\/media\//],
  [/^prom-client$/, /^src\/telemetry\/metrics\.ts$/],
  [/^@opentelemetry\//, /^src\/telemetry\/traces\.ts$/],
]

function doors(rooms: Room[]): string[] {
  return rooms.flatMap(({ path, imports }) =>
    imports
      .filter(name => doorPlan.some(([library, door]) => library.test(name) && !door.test(path)))
      .map(name => `${path} opens a second door to ${name}`),
  )
}

/** Bundled servers are programs of their own, with an environment of their own. */
function environment(rooms: Room[]): string[] {
  return rooms
    .filter(({ path, code }) => !/^(src\/config|servers)\//.test(path) && /process\.env\b/.test(code))
    .map(({ path }) => `${path} reads process.env: only src/config may`)
}

function roomLength(rooms: Room[]): string[] {
  return rooms.flatMap(({ path, code }) => {
    const lines = code.trimEnd().split('\n').length
    return lines > 300 ? [`${path} has ${lines} lines: at most 300`] : []
  })
}

/** A function begins on a line that ends in `{` and ends where that line's indentation comes back with a `}`. */
function functionLength(rooms: Room[]): string[] {
  return rooms.flatMap(({ path, code }) => {
    const lines = code.split('\n')
    return lines.flatMap((line, at) => {
      if (!/(\bfunction\b.*|=> |\) )\{$/.test(line) || /^\s*(if|for|while|switch|\}|else)\b/.test(line)) return []
      const indent = /^\s*/.exec(line)?.[0] ?? ''
      const end = lines.findIndex((other, index) => index > at && other.startsWith(`${indent}}`))
      return end - at + 1 > 60 ? [`${path}:${at + 1} is a function of ${end - at + 1} lines: at most 60`] : []
    })
  })
}

function habits(rooms: Room[]): string[] {
  return rooms.flatMap(({ path, code }) => [
    ...(/^export default\b/m.test(code) ? [`${path} has a default export`] : []),
    ...(/^export \* from/m.test(code) ? [`${path} is a barrel`] : []),
    ...(/(^|\/)(utils?|helpers?|types|core|common)(\/|\.ts$)/.test(path) ? [`${path} is named for nothing in particular`] : []),
    ...(/@ts-(ignore|expect-error|nocheck)|\bas any\b|: any\b/.test(code) ? [`${path} escapes the type checker`] : []),
  ])
}
