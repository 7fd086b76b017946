import { isAdmin } from '../admins.ts'
import type { AskDraft } from '../ask.ts'
import { Parked } from '../errors.ts'
import type { Words } from '../i18n/i18n.ts'
import { type Log, reason } from '../log.ts'
import type { Message } from '../message.ts'
import { houseServer, type Tool } from '../model.ts'
import type { Audit, Decision, Deed } from '../permissions/audit.ts'
import { isApproved, type Permits } from '../permissions/permits.ts'
import { type Caller, callerOf, decide, definitionOf, isServerDenied, permittedOf, type Rule } from '../permissions/rules.ts'
import { tokenOf } from '../queue/token.ts'
import type { CallOptions, Prompts, Refusal, Toolbox, ToolResult } from '../toolbox.ts'
import { lookUp } from '../tools/list.ts'

export interface PermissionOptions {
  permits: Permits
  audit: Audit
  /** `platform:native id` of each. */
  admins: string[]
  /** Whose calls they are. */
  question: Pick<Message, 'conversation' | 'author' | 'kind'>
  words: Words
  log: Log
}

/** Nobody presses later who still wants it. */
const waitMs = 60 * 60_000
/** As much as a person can look through; every card shows all of it. */
const mostShown = 6000

/**
 * The one door to all tools: the same toolbox for this person in this place. What he may not call is not in it, what he is to be asked about
 * waits for his yes to just these arguments, and all of it is written down. Rules count from the next call on.
 */
export async function withPermission(toolbox: Toolbox, options: PermissionOptions): Promise<Toolbox> {
  const { permits, question } = options
  const caller = callerOf(question.conversation, question.author)
  let rules = await permits.rules()
  let last: { of: Tool[]; by: Rule[]; permitted: Tool[] } | undefined
  function list(): Tool[] {
    const of = toolbox.list()
    if (last?.of !== of || last.by !== rules) last = { of, by: rules, permitted: permittedOf(of, rules, caller) }
    return last.permitted
  }
  const offers = (server: string) => lookUp(list()).ofServer.has(server)
  return {
    ...toolbox,
    list,
    servers: () => toolbox.servers().filter(({ name }) => !isServerDenied(rules, caller, name) || offers(name)),
    async call(name, input, how) {
      const tool = toolbox.resolve(name)
      if (!tool) return toolbox.call(name, input, how)
      rules = await permits.rules()
      return callAs({ toolbox, options, rules, caller }, tool, JSON.stringify(input), how)
    },
    ...(toolbox.prompts && { prompts: permittedPrompts(toolbox.prompts, server => isServerDenied(rules, caller, server)) }),
  }
}

/** What would be run if it were called where nobody can be asked. */
export async function listUnasked(toolbox: Toolbox, { permits, admins, question }: PermissionOptions): Promise<Tool[]> {
  const { conversation, author } = question
  const caller = callerOf(conversation, author)
  const [rules, approvals] = await Promise.all([permits.rules(), permits.approvals(caller.person)])
  const mayAll = isAdmin(conversation, author, admins)
  return toolbox.list().filter(tool => {
    const decided = decide(rules, caller, tool)
    return decided === 'ask' ? mayAll || isApproved(approvals, caller, tool.name, definitionOf(tool)) : decided === 'allow'
  })
}

/** What a call goes on with that waited for its permission and not for anything of the tool's own. */
const waits = 'permission'

interface Door {
  toolbox: Toolbox
  options: PermissionOptions
  rules: Rule[]
  caller: Caller
}

/** `json` are the arguments, letter by letter: what is shown, and what is run. */
async function callAs(door: Door, tool: Tool, json: string, how: CallOptions): Promise<ToolResult> {
  const { toolbox, options } = door
  const definition = definitionOf(tool)
  const verdict = await judge(door, tool, json, definition, how)
  const facts = { tool: tool.name, input: json, ...verdict }
  const refusal = refusals[verdict.decision]
  if (refusal) {
    await note(facts, options)
    return { ok: false, text: options.words.permits.refused[refusal](tool.name), refused: refusal }
  }
  const now = toolbox.resolve(tool.name)
  if (now && definitionOf(now) !== definition) return callAs(door, now, json, how) // it is another since somebody said yes
  const began = performance.now()
  /** Nobody waits for it: it is written before anything that comes of the call. */
  const done = (outcome: NonNullable<Deed['outcome']>) =>
    void note({ ...facts, outcome, ms: Math.round(performance.now() - began) }, options)
  try {
    const result = await toolbox.call(tool.name, JSON.parse(json), how.resume === waits ? withoutResume(how) : how)
    done(how.signal.aborted ? 'cut-off' : result.ok ? 'ok' : (result.fault ?? 'failed'))
    return result
  } catch (error) {
    if (!(error instanceof Parked)) done('cut-off')
    throw error
  }
}

const withoutResume = ({ resume: _resume, ...how }: CallOptions): CallOptions => how

type Verdict = Pick<Deed, 'decision' | 'by'>

const refusals: Partial<Record<Decision, Refusal>> = {
  deny: 'rule',
  no: 'person',
  nobody: 'nobody',
  unasked: 'unasked',
  unshown: 'unshown',
}

/** Asked again, after a restart or after the tool itself has asked something, a question that was answered is answered at once. */
async function judge(
  { options, rules, caller }: Door,
  tool: Tool,
  json: string,
  definition: string,
  how: CallOptions,
): Promise<Verdict> {
  const { permits, admins, question, words } = options
  if (isOfDenied(tool, json, rules, caller)) return { decision: 'deny' }
  const decided = decide(rules, caller, tool)
  if (decided !== 'ask') return { decision: decided === 'allow' ? 'rule' : 'deny' }
  if (isApproved(await permits.approvals(caller.person), caller, tool.name, definition)) return { decision: 'earlier' }
  if (question.kind === 'api' || !how.ask) {
    return { decision: isAdmin(question.conversation, question.author, admins) ? 'admin' : 'unasked' }
  }
  const draft = toDraft(tool, json, definition, words)
  if (!draft) return { decision: 'unshown' }
  const answer = await how.ask(draft, waits)
  const by = answer.by && `${answer.by.name} (${answer.by.id})`
  if (answer.how !== 'yes') return { decision: answer.how === 'no' ? 'no' : 'nobody', ...(by && { by }) }
  if (answer.scope) await permits.approve(caller, tool, definition, answer.scope)
  await how.begin?.()
  return { decision: 'yes', ...(by && { by }) }
}

/** What reads of a server that is denied as a whole. */
function isOfDenied({ server, name }: Tool, json: string, rules: Rule[], caller: Caller): boolean {
  if (server !== houseServer || !['read_resource', 'list_resources'].includes(name)) return false
  const { server: wanted } = JSON.parse(json) as { server?: unknown }
  return typeof wanted === 'string' && isServerDenied(rules, caller, wanted)
}

/** Undefined when it is too long to be shown. Its key is of just this call: with other arguments, or another definition, it is asked anew. */
function toDraft(tool: Tool, json: string, definition: string, words: Words): AskDraft | undefined {
  const detail = visible(JSON.stringify(JSON.parse(json), undefined, 2))
  if (detail.length > mostShown) return undefined
  const key = `permission ${tokenOf([tool.name, definition, json].join('\n'))}`
  const text = words.permits.ask(tool.name, tool.server)
  return { key, kind: 'approve', text, detail, fields: [], scopes: ['here', 'always'], waitMs }
}

/** The same JSON, with what nobody can see in it (marks of direction, joiners) written out. */
function visible(json: string): string {
  const written = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return json.replace(/[\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u3164\u115f\u1160\uffa0]/gu, found =>
    found.split('').map(written).join(''),
  )
}

/** What cannot be written down is told to the log: the call has been made, or not, all the same. */
async function note(
  deed: Pick<Deed, 'tool' | 'input' | 'decision' | 'by'> & Partial<Pick<Deed, 'outcome' | 'ms'>>,
  { audit, question, log }: PermissionOptions,
): Promise<void> {
  const { conversation, author } = question
  const { person } = callerOf(conversation, author)
  await audit.add({ person, name: author.name, conversation, ...deed }).catch((error: unknown) => {
    log.error({ conversation, tool: deed.tool, reason: reason(error) }, 'a call could not be written into the audit log')
  })
}

function permittedPrompts(prompts: Prompts, isDenied: (server: string) => boolean): Prompts {
  return {
    ...prompts,
    list: async signal => (await prompts.list(signal)).filter(({ server }) => !isDenied(server)),
    async get(server, name, values, how) {
      if (isDenied(server)) throw new Error('a rule does not permit it')
      return prompts.get(server, name, values, how)
    },
  }
}
