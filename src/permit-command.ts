import { isAdmin } from './admins.ts'
import { fence } from './fence.ts'
import type { Words } from './i18n/i18n.ts'
import { nameTools } from './mcp/names.ts'
import type { Message } from './message.ts'
import type { Permission, Tool } from './model.ts'
import type { Audit, Deed } from './permissions/audit.ts'
import { type Approval, isApproved, type Permits, settled } from './permissions/permits.ts'
import { type Caller, callerOf, decide, type Rule, type Target, type Whom, whomsOf } from './permissions/rules.ts'
import type { Board, Notice } from './queue/board.ts'
import { plain } from './reply/plain.ts'

export interface PermitTools {
  permits: Permits
  audit: Audit
  board: Board
  /** `platform:native id` of each. */
  admins: string[]
}

export const permitActions = ['allow', 'ask', 'deny', 'reset']
export const permitWhoms = ['here', 'everyone', 'me']

/** `/permit <allow|ask|deny|reset> <what> [whom]` of an admin; alone, the rules that hold here. Everybody may take back his own approvals. */
export async function runPermit(message: Message, argument: string, words: Words, tools: PermitTools): Promise<string> {
  const { conversation, author } = message
  const caller = callerOf(conversation, author)
  const mayAll = isAdmin(conversation, author, tools.admins)
  const [action = '', what = '', who = 'here', ...rest] = argument.split(/\s+/).filter(part => part !== '')
  if (action === '') return list(caller, mayAll, words, tools.permits)
  const wish = action.toLowerCase()
  if (!permitActions.includes(wish) || what === '' || rest.length > 0) return words.permits.usage
  const [notice] = await tools.board.read()
  const { target, isKnown } = readTarget(what, notice)
  const isOwn = who.toLowerCase() === 'me'
  if (wish === 'reset' && isOwn && !mayAll) return words.permits.removed(await tools.permits.forget(caller.person, target))
  if (!mayAll) return words.adminsOnly
  const whom = isOwn ? (`person:${caller.person}` as const) : readWhom(who, caller)
  if (!whom) return words.permits.noPerson
  const person = personOf(whom)
  const forgotten = person ? await tools.permits.forget(person, target) : 0
  if (wish === 'reset') return words.permits.removed(forgotten + Number(await tools.permits.remove(target, whom)))
  const rule: Rule = { permission: wish as Permission, target, whom, by: author.name }
  await tools.permits.set(rule)
  return [words.permits.set(lineOf(rule, words)), ...(isKnown ? [] : [words.permits.unknownTool])].join('\n\n')
}

/** What somebody typed, as the tools are called; one that nobody knows may come. */
function readTarget(typed: string, notice: Notice | undefined): { target: Target; isKnown: boolean } {
  if (typed === '*') return { target: '*', isKnown: true }
  const { servers = [], tools = [] } = notice ?? {}
  if (servers.some(({ name }) => name === typed)) return { target: `server:${typed}`, isKnown: true }
  const dot = typed.indexOf('.')
  const [full = typed] = dot > 0 ? nameTools([{ server: typed.slice(0, dot), tool: typed.slice(dot + 1) }]) : []
  const found = tools.find(({ name }) => name === full) ?? tools.find(({ name }) => name.replace('__', '_') === full)
  if (found) return { target: `tool:${found.name}`, isKnown: true }
  return { target: full.includes('__') ? `tool:${full}` : `server:${full}`, isKnown: false }
}

/** Undefined for a name, which everybody can take. */
function readWhom(typed: string, { conversation, person }: Caller): Whom | undefined {
  if (typed.toLowerCase() === 'everyone') return 'everyone'
  if (typed.toLowerCase() === 'here') return `here:${conversation}`
  const platform = person.slice(0, person.indexOf(':'))
  const [, elsewhere = platform, id] =
    /^(?:<@!?|@)?(?:([a-z]+):)?(\d+|local|key-[0-9a-f]{12}|(?<=^web:)[a-z][a-z0-9_-]{0,31})>?$/.exec(typed) ?? []
  return id === undefined ? undefined : `person:${elsewhere}:${id}`
}

const personOf = (whom: Whom) => (whom.startsWith('person:') ? (whom.slice('person:'.length) as Caller['person']) : undefined)

async function list(caller: Caller, mayAll: boolean, words: Words, permits: Permits): Promise<string> {
  const near = whomsOf(caller)
  const [rules, approvals] = await Promise.all([permits.rules(), permits.approvals(caller.person)])
  const holding = rules.filter(({ whom }) => near.includes(whom) || (mayAll && personOf(whom) !== undefined))
  const rank = ({ whom, target }: Rule) =>
    Math.max(0, near.indexOf(whom)) * 3 + (target === '*' ? 2 : target.startsWith('server:') ? 1 : 0)
  const lines = holding.toSorted((a, b) => rank(a) - rank(b)).map(rule => lineOf(rule, words))
  const own = approvals.filter(({ conversation = caller.conversation }) => conversation === caller.conversation)
  const approved = own.map(
    ({ tool, conversation }) => `- \`${tool}\` ${conversation ? words.permits.approvedHere : words.permits.approvedAlways}`,
  )
  return [
    lines.length > 0 ? `${words.permits.title}\n${lines.join('\n')}` : words.permits.none,
    words.permits.byDefault,
    ...(approved.length > 0 ? [`${words.permits.approvedTitle}\n${approved.join('\n')}`] : []),
  ].join('\n\n')
}

function lineOf({ permission, target, whom, by }: Rule, { permits }: Words): string {
  const name = target.slice(target.indexOf(':') + 1)
  const what = target === '*' ? permits.everything : target.startsWith('server:') ? permits.allOf(name) : `\`${name}\``
  const kind = whom === 'everyone' ? 'everyone' : personOf(whom) === undefined ? 'here' : 'person'
  return permits.line(what, permits.permission[permission], permits.whom(kind, whom.slice(whom.indexOf(':') + 1)), plain(by))
}

/** Of each tool of the board whether the author may call it where he asks. */
export async function permissionsFor(
  { conversation, author }: Message,
  { permits }: PermitTools,
): Promise<(tool: Notice['tools'][number]) => Permission> {
  const caller = callerOf(conversation, author)
  const [rules, approvals] = await Promise.all([permits.rules(), permits.approvals(caller.person)])
  return tool => settled(decide(rules, caller, tool), approves(approvals, caller, tool))
}

function approves(
  approvals: Approval[],
  caller: Caller,
  { name, definition = '' }: Pick<Tool, 'name'> & { definition?: string },
) {
  return isApproved(approvals, caller, name, definition)
}

const [fewDeeds, mostDeeds] = [10, 50]

/** `/audit [n] [server.tool]`, for admins; where others may read it, what happened there and nothing else. */
export async function runAudit(message: Message, argument: string, words: Words, tools: PermitTools): Promise<string> {
  const { conversation, author, shared } = message
  if (!isAdmin(conversation, author, tools.admins)) return words.adminsOnly
  const typed = argument.split(/\s+/).filter(part => part !== '')
  const numbers = typed.filter(part => /^\d{1,4}$/.test(part))
  const [name, ...others] = typed.filter(part => !numbers.includes(part))
  if (numbers.length > 1 || others.length > 0) return words.permits.auditUsage
  const [notice] = await tools.board.read()
  const target = name === undefined ? '*' : readTarget(name, notice).target
  const fits = (deed: Deed) => (!shared || deed.conversation === conversation) && isAbout(deed, target)
  const deeds = await tools.audit.last(Math.min(mostDeeds, Math.max(1, Number(numbers[0] ?? fewDeeds))), fits)
  return [
    deeds.length === 0 ? words.permits.auditEmpty : words.permits.auditTitle,
    ...deeds.map(deed => tellDeed(deed, words)),
    ...(shared ? [words.permits.auditHere] : []),
  ].join('\n\n')
}

function isAbout({ tool, decision }: Deed, target: Target): boolean {
  if (target === '*') return true
  if (decision === 'stranger') return false
  return target.startsWith('tool:') ? `tool:${tool}` === target : tool.startsWith(`${target.slice('server:'.length)}__`)
}

function tellDeed({ at, person, name, conversation, tool, input, decision, by, outcome, ms }: Deed, { permits }: Words): string {
  const what = decision === 'stranger' ? plain(tool) : `**${plain(tool)}**`
  const facts = [
    `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    what,
    `${plain(name)} (\`${person}\`) @ \`${conversation}\``,
    `${permits.decision[decision]}${by === undefined ? '' : ` ${permits.by(plain(by))}`}`,
    outcome === undefined ? '' : permits.outcome[outcome],
    ms === undefined ? '' : `${ms} ms`,
  ]
  const line = facts.filter(fact => fact !== '').join(' · ')
  return input === undefined ? line : `${line}\n${fence(input)}`
}
