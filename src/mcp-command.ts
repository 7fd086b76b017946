import { isAdmin } from './admins.ts'
import { readMemberServer } from './config/servers/member.ts'
import type { ServerConfig } from './config/servers.ts'
import { ConfigError } from './errors.ts'
import type { Words } from './i18n/i18n.ts'
import { type MemberServer, type Members, mostServers } from './mcp/members.ts'
import type { SignInPlace, SignIns } from './mcp/sign-ins.ts'
import { type TestReport, tryServer } from './mcp/trial.ts'
import { type Message, platformOf } from './message.ts'
import { plain } from './reply/plain.ts'
import { beginSignIn, type Desk, findServer, finishSignIn, readPasted } from './sign-in.ts'
import type { Owner } from './toolbox.ts'

export interface McpTools {
  /** Absent: this process cannot have people bring servers. */
  desk?: Desk
  /** `platform:native id` of each. */
  admins: string[]
}

export const mcpActions = ['list', 'add', 'remove', 'test', 'login', 'logout']

interface Visit {
  message: Message
  desk: Desk
  members: Members
  signIns: SignIns
  /** Whose servers are meant here. */
  owner: Owner
  /** May change what belongs to `owner`. */
  mayChange: boolean
  mayAll: boolean
  name: string
  rest: string
  words: Words
}

/** `/mcp list|add|remove|test|login|logout`; what is secret of a server is never said again. */
export async function runMcp(message: Message, argument: string, words: Words, { desk, admins }: McpTools): Promise<string> {
  if (!desk?.own.kept) return words.mcp.noKey
  const [, action = 'list', name = '', rest = ''] = /^(\S+)(?:\s+(\S+))?(?:\s+(.*))?$/s.exec(argument) ?? []
  const { conversation, author, shared } = message
  const mayAll = isAdmin(conversation, author, admins)
  const owner: Owner = shared ? `place:${conversation}` : `user:${platformOf(conversation)}:${author.id}`
  const visit = { message, desk, ...desk.own.kept, owner, mayAll, mayChange: !shared || mayAll, name, rest: rest.trim(), words }
  const work = { list, add, remove, test, login, logout }[action.toLowerCase()]
  if (!work || (work !== list && name === '')) return words.mcp.usage
  return work(visit)
}

async function list({ members, owner, message, words: { mcp } }: Visit): Promise<string> {
  const servers = await members.of(owner)
  if (servers.length === 0) return mcp.none
  const lines = servers.map(({ name, url, addedBy, locked }) => {
    const line = mcp.line(name, new URL(url).host, message.shared ? plain(addedBy.name) : '')
    return locked ? `${line} · 🔒 ${mcp.locked(name)}` : line
  })
  return [mcp.title(message.shared === true), ...lines].join('\n')
}

async function add(visit: Visit): Promise<string> {
  const { members, owner, message, words } = visit
  const { mcp } = words
  const read = readServer(visit)
  if (typeof read === 'string') return read
  const { config, server } = read
  const there = await members.of(owner)
  if (there.some(other => other.name === config.name)) return mcp.taken(config.name)
  if (there.length >= mostServers) return mcp.full(mostServers)
  const report = await tryOut(config, visit)
  if (!report.ok && !canSignIn(config, report)) return mcp.notAdded(config.name, showReport(config, report, words))
  const added = await members.add(owner, { ...server, addedBy: { id: message.author.id, name: message.author.name } })
  if (added !== 'added') return added === 'taken' ? mcp.taken(config.name) : mcp.full(mostServers)
  await tellWorkers(visit, { owner, server: config.name })
  return mcp.added(config.name, showReport(config, report, words))
}

/** What was typed, or why it cannot be used. Nobody is asked anything for it yet. */
function readServer({ desk, message, mayChange, name, rest, words: { mcp } }: Visit) {
  const [, url = '', typed = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? []
  const isSeen = message.shared && !message.alone
  if (message.shared && (typed !== '' || URL.parse(url)?.search)) return isSeen ? mcp.secretSeen : mcp.secretHere
  if (!mayChange) return mcp.adminsOnly
  if (url === '') return mcp.usage
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return mcp.noProgram
  const why = desk.own.guard.refusal(url)
  if (why !== undefined) return mcp.refused(why)
  const headers = readHeaders(typed)
  if (!headers) return mcp.badHeader
  try {
    const config = readMemberServer(name, url, headers, desk.own.plainHosts)
    const server: Omit<MemberServer, 'addedBy'> = { name: config.name, url: new URL(url).href, headers }
    return { config, server }
  } catch (error) {
    if (error instanceof ConfigError) return mcp.wrong(error.problems)
    throw error
  }
}

/** `Authorization: Bearer abc X-Team: 7`, in one line or several: a header begins where a name with a colon and a space does. */
function readHeaders(typed: string): Record<string, string> | undefined {
  if (typed === '') return {}
  const parts = typed.split(/\s+(?=[\w-]+:\s)/).map(part => /^([\w-]+):\s*(\S.*)$/.exec(part.trim()))
  if (parts.some(part => part === null)) return undefined
  return Object.fromEntries(parts.map(part => [part?.[1] ?? '', part?.[2] ?? '']))
}

async function remove(visit: Visit): Promise<string> {
  const { members, signIns, owner, mayChange, name, words } = visit
  if (!mayChange) return words.mcp.adminsOnly
  const place = { owner, server: name }
  if (!(await members.remove(owner, name))) return words.mcp.noServer(plain(name))
  await signIns.forget(place)
  await tellWorkers(visit, place)
  return words.mcp.removed(name)
}

async function test(visit: Visit): Promise<string> {
  const { desk, owner, name, words } = visit
  const config = await findServer(desk, { owner, server: name })
  return config ? showReport(config, await tryOut(config, visit), words) : words.mcp.noServer(plain(name))
}

async function login(visit: Visit): Promise<string> {
  const { desk, message, name, rest, words } = visit
  const { mcp } = words
  if (message.shared && !message.alone) return mcp.loginPrivately
  const target = await findTarget(visit)
  if (typeof target === 'string') return target
  const { place, config } = target
  if (rest !== '') return finish(visit, place, rest)
  const { conversation, author } = message
  const begun = await beginSignIn(desk, config, place, { conversation, author })
  if (!begun) return mcp.noLogin(name)
  if ('why' in begun) return mcp.loginFailed(name, begun.why)
  return 'link' in begun ? mcp.link(name, begun.link.host, begun.link.href) : mcp.already(name)
}

async function finish({ desk, name, words: { mcp } }: Visit, place: SignInPlace, pasted: string): Promise<string> {
  const callback = await readPasted(desk, place, pasted)
  if (callback.has('error')) return mcp.declined(name)
  // Why not is what an authorization server says, which may be anything.
  const works = await finishSignIn(desk, place, callback).then(
    () => true,
    () => false,
  )
  return works ? mcp.signedIn(name) : mcp.finishFailed(name)
}

async function logout(visit: Visit): Promise<string> {
  const { signIns, name, words } = visit
  const target = await findTarget(visit)
  if (typeof target === 'string') return target
  await signIns.forget(target.place)
  await tellWorkers(visit, target.place)
  return words.mcp.signedOut(name)
}

/** What belongs here comes before what is the house's, for which only an admin signs in. */
async function findTarget({ desk, owner, mayChange, mayAll, name, words: { mcp } }: Visit) {
  for (const place of [{ owner, server: name }, ...(mayAll ? [{ owner: 'house' as const, server: name }] : [])]) {
    const config = await findServer(desk, place)
    if (config) return mayChange ? { place, config } : mcp.adminsOnly
  }
  return mcp.noServer(plain(name))
}

const tellWorkers = ({ desk }: Visit, place: SignInPlace) => desk.news.send({ what: 'changed', ...place })

/** A person waits. */
const trialMs = 10_000

const tryOut = (config: ServerConfig, { desk, owner }: Visit) =>
  tryServer({ ...config, connectMs: Math.min(config.connectMs, trialMs) }, desk.own.webFor(config, owner))

const canSignIn = ({ auth }: ServerConfig, { needsAuth }: TestReport) => needsAuth === true && auth.type === 'oauth'

function showReport(config: ServerConfig, report: TestReport, { mcp }: Words): string {
  const { ok, tools, rejected, version = '', era, latencyMs, error = '', needsAuth } = report
  if (canSignIn(config, report)) return mcp.needsAuth(config.name)
  if (needsAuth) return mcp.badToken
  if (!ok) return mcp.fails(plain(error, 500))
  const names = tools.slice(0, namesTold).map(name => `\`${name.replaceAll('`', "'")}\``)
  const more = tools.length > namesTold ? ', …' : ''
  return [
    mcp.answers(tools.length, `${version}${era === undefined ? '' : ` (${era})`}`, latencyMs),
    ...(names.length > 0 ? [`${names.join(', ')}${more}`] : []),
    ...rejected.slice(0, namesTold).map(one => mcp.rejected(plain(one.name), plain(one.reason, 200))),
  ].join('\n')
}

const namesTold = 20
