import { readMemberServer } from './config/servers/member.ts'
import { ConfigError } from './errors.ts'
import { wordsFor } from './i18n/i18n.ts'
import { type TestReport, tryServer } from './mcp/trial.ts'
import { runMcp } from './mcp-command.ts'
import type { Message } from './message.ts'
import { type Desk, findServer } from './sign-in.ts'
import type { Owner } from './toolbox.ts'

/** What came of a wish: `text` says it to a person, in Markdown. */
export interface DeskAnswer {
  how: 'done' | 'refused' | 'unknown' | 'taken' | 'closed'
  text: string
}

/** The MCP servers that the people of one door have of their own, for a door that asks without words. */
export interface ServerDesk {
  of(person: string): Promise<{ name: string; url: string }[]>
  add(person: string, name: string, url: string, headers: Record<string, string>): Promise<DeskAnswer>
  remove(person: string, name: string): Promise<DeskAnswer>
  /** Connects once, to one of his own or of the house's. */
  test(person: string, name: string): Promise<DeskAnswer & { tools: string[]; ms: number }>
}

/** As `/mcp` does it; `platform` is the door. Nobody is an admin here. */
export function createServerDesk(desk: Desk, platform: string): ServerDesk {
  const words = wordsFor('en', 'en')
  const ownerOf = (person: string): Owner => `user:${platform}:${person}`
  const namesOf = async (person: string) => ((await desk.own.kept?.members.of(ownerOf(person))) ?? []).map(({ name }) => name)
  const say = (person: string, argument: string) => runMcp(wishOf(platform, person), argument, words, { desk, admins: [] })
  const once = createOnce<TestReport>()
  const closed: DeskAnswer = { how: 'closed', text: words.mcp.noKey }
  return {
    async of(person) {
      const servers = (await desk.own.kept?.members.of(ownerOf(person))) ?? []
      return servers.map(({ name, url }) => ({ name, url: withoutQuery(url) }))
    },
    async add(person, name, url, headers) {
      if (!desk.own.kept) return closed
      const before = await namesOf(person)
      if (before.includes(nameOf(name, url, headers))) return { how: 'taken', text: words.mcp.taken(name) }
      const typed = Object.entries(headers).map(([header, value]) => ` ${header}: ${value}`)
      const text = await say(person, `add ${name} ${url}${typed.join('')}`)
      return { how: (await namesOf(person)).length > before.length ? 'done' : 'refused', text }
    },
    async remove(person, name) {
      if (!desk.own.kept) return closed
      const isThere = (await namesOf(person)).includes(name)
      const text = await say(person, `remove ${name}`)
      return { how: isThere ? 'done' : 'unknown', text }
    },
    async test(person, name) {
      const unknown = { how: 'unknown' as const, text: words.mcp.noServer(name), tools: [], ms: 0 }
      const owner = ownerOf(person)
      const place = (await namesOf(person)).includes(name) ? { owner, server: name } : { owner: 'house' as const, server: name }
      const config = await findServer(desk, place)
      if (!config) return unknown
      const report = await once(`${place.owner} ${name}`, () =>
        tryServer({ ...config, connectMs: Math.min(config.connectMs, trialMs) }, desk.own.webFor(config, place.owner)),
      )
      const text = report.ok
        ? words.mcp.answers(report.tools.length, report.version ?? '', report.latencyMs)
        : words.mcp.fails(report.error ?? '')
      return { how: report.ok ? 'done' : 'refused', text, tools: report.tools, ms: report.latencyMs }
    },
  }

  /** As it would be kept. */
  function nameOf(name: string, url: string, headers: Record<string, string>): string {
    try {
      return readMemberServer(name, url, headers, desk.own.plainHosts).name
    } catch (error) {
      if (error instanceof ConfigError) return name
      throw error
    }
  }
}

/** What is under way is not begun again: who tests a server over and over would start as many programs. */
function createOnce<T>() {
  const running = new Map<string, Promise<T>>()
  return (key: string, work: () => Promise<T>): Promise<T> => {
    const known = running.get(key) ?? work().finally(() => running.delete(key))
    running.set(key, known)
    return known
  }
}

/** Somebody waits. */
const trialMs = 10_000

const withoutQuery = (url: string) => url.replace(/[?#].*$/, '')

function wishOf(platform: string, person: string): Message {
  const conversation = `${platform}:${person}`
  const author = { id: person, name: person }
  return { id: conversation, conversation, author, text: '', attachments: [], sentAt: Date.now(), kind: 'api' }
}
