import type { Words } from '../i18n/i18n.ts'
import { countInText, readJson } from '../mcp/count.ts'
import type { Outcome, SourceState, Tool } from '../model.ts'
import type { Refusal, ToolResult } from '../toolbox.ts'
import { findRemedy, type Help } from './remedies.ts'

/** A tool as far as its name goes. */
export type Source = Pick<Tool, 'name' | 'label' | 'server'>

/** What the house makes of a call's result, by what the host knows, the shape of what came, its HTTP status and its words, in this order. */
export function classify(result: ToolResult, source: Source): Outcome {
  const named = nameOf(source)
  if (result.refused) return { state: 'not-permitted', refused: result.refused, source: named }
  const trouble = result.fault ? told(result.text, result.fault) : result.ok ? hidden(result) : told(result.text)
  if (!trouble) {
    const count = result.count ?? countInText(result.text)
    if (isEmpty(result, count)) return withHelp({ state: 'empty', source: named }, source)
    return { state: 'ok', ...(count !== undefined && { count }), source: named }
  }
  return withHelp({ ...trouble, source: named }, source)
}

/** `twitter search tweets`; the server is not said twice. */
function nameOf({ name, label, server }: Source): string {
  if (server === '' || label.toLowerCase().includes(server.toLowerCase())) return label || name
  return `${server} ${label.replace(/^[A-Z](?=[a-z])/, letter => letter.toLowerCase())}`
}

/** One line: how it went, why, and what would help. */
export function tellOutcome({ state, count, status, said, help, refused }: Outcome, words: Words): { why: string; help: string } {
  if (refused !== undefined) return { why: words.permits.why[refused as Refusal], help: '' }
  if (state === 'ok') return { why: count === undefined ? '' : words.sourceItems(count), help: '' }
  return {
    why: said === undefined ? (status ? String(status) : words.sourceWhy[state]) : inWordsOf(words, said),
    help: help ? words.sourceHelp[help as Help] : '',
  }
}

/** What the host says in English of every server, in the reader's language; a server's own words are left as they are. */
function inWordsOf({ sourceSilent, sourceWhy }: Words, said: string): string {
  const [, time] = /^no sign of life for (\d+(?:\.\d+)? (?:ms|s|min|h))$/.exec(said) ?? []
  if (time !== undefined) return sourceSilent(time)
  return /^it wants a sign-in(?: \(HTTP 401\))?$/.test(said) ? sourceWhy['needs-sign-in'] : said
}

/** The same for the model, as fact beside the result; the tool's own words are told as such. */
export function remarkOf(outcome: Outcome, words: Words): string {
  const { why, help } = tellOutcome(outcome, words)
  const told = outcome.said === undefined ? why : `"${defused(why)}"`
  const how = outcome.state === 'ok' ? ['ok', why].filter(Boolean).join(', ') : `${outcome.state}: ${told}`
  return `source: ${defused(outcome.source)} · ${how}${help && `; what helps: ${help}`}`
}

/** Within the house's line nothing may look like its end, or the end of the quotation. */
const defused = (text: string) =>
  text
    .replace(/["“”„]/g, "'")
    .replaceAll('[', '(')
    .replaceAll(']', ')')

type Trouble = Pick<Outcome, 'status' | 'said'> & { state: SourceState }

function withHelp(outcome: Outcome, { server, name, label }: Source): Outcome {
  const remedy = findRemedy(outcome.state, `${server} ${name} ${label}`, outcome.status)
  const { said, ...rest } = outcome
  if (remedy?.isOwn) return { ...rest, ...(rest.status === undefined && said !== undefined && { said }), help: remedy.help }
  return saysMore(said) ? outcome : { ...outcome, ...(remedy && { help: remedy.help }) }
}

/** The server's own sentence tells what to do. */
const saysMore = (said = '') =>
  /\b(?:try|set|use|check|retry|ask|wait|please|the operator|must|should|did you mean|the nearest are)\b|请|重试|稍后|需要?设置/i.test(
    said,
  )

const longestTrouble = 20_000

/** Trouble that a tool tells as if it were a result: an error in JSON, or words that begin with one. */
function hidden({ text, count }: ToolResult): Trouble | undefined {
  if (text.length > longestTrouble || (count !== undefined && count > 0)) return undefined
  const json = readJson(text)
  if (json) return inShape(json.value)
  const isSaid = text.length < 500 && /^\W*(?:error|failed|failure|exception|错误|失败|请求失败)(?:\b|[:：])/i.test(text)
  const isListed = text.length < 2000 && /^[-*\s]*(?:(?:success|ok): false$|error: (?!—|null|none|false|0$))/im.test(text)
  return isSaid || isListed
    ? told(text.replace(/^[-*\s]*(?:success|ok): false$/gim, '').replace(/^[-*\s]*error: /im, ''))
    : undefined
}

function inShape(value: unknown): Trouble | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { error, errors, success, ok, status, code, statusCode, message, msg, detail } = value as Record<string, unknown>
  const fault = error || (Array.isArray(errors) && errors[0])
  const number = [status, statusCode, code].find(one => typeof one === 'number' && one >= 400 && one < 600)
  if (!fault && success !== false && ok !== false && number === undefined && !/^(?:error|fail(?:ed|ure)?)$/i.test(String(status)))
    return undefined
  const inner = typeof fault === 'object' ? (fault as Record<string, unknown>) : {}
  const words = [message, msg, detail, inner['message'], inner['detail'], fault].find(one => typeof one === 'string') ?? ''
  const told = number ?? inner['code'] ?? inner['status']
  return sort(String(words), typeof told === 'number' && told >= 400 && told < 600 ? told : undefined)
}

/** What a failed call comes to; what is known otherwise goes before what its words say. */
function told(text: string, fault?: SourceState): Trouble {
  const json = text.length > longestTrouble ? undefined : readJson(text)
  const trouble = (json && inShape(json.value)) ?? sort(text)
  return fault ? { ...trouble, state: fault } : trouble
}

function sort(text: string, number = statusIn(text)): Trouble {
  const state = (number && byStatus(number)) || byWords.find(([, words]) => words.test(text.slice(0, 1000)))?.[0] || 'failed'
  const said = sentenceOf(text)
  return { state, ...(number !== undefined && { status: number }), ...(said !== '' && { said }) }
}

function byStatus(status: number): SourceState | undefined {
  if (status === 401 || status === 407) return 'needs-sign-in'
  if (status === 402 || status === 403 || status === 451) return 'not-permitted'
  if (status === 404 || status === 410) return 'empty'
  if (status === 408 || status === 504) return 'timed-out'
  return status === 429 || status >= 500 ? 'unavailable' : undefined
}

const statusWords =
  'bad request|unauthori[sz]ed|forbidden|not found|too many|internal server|bad gateway|service unavailable|gateway time'
const statuses = [
  /(?:HTTP(?:\/[\d.]+)?|status(?: ?code)?|code|error|错误码?|状态码?)["'\s:：=(#]*([45]\d\d)\b/i,
  new RegExp(`\\b([45]\\d\\d)\\b[\\s:(-]*(?:${statusWords})`, 'i'),
  /^\W*([45]\d\d)\W*$/,
]

function statusIn(text: string): number | undefined {
  const head = text.slice(0, 1000)
  const found = statuses.map(pattern => pattern.exec(head)?.[1]).find(Boolean)
  return found === undefined ? undefined : Number(found)
}

const nothing =
  /\b(?:no|0|zero) (?:\w+ ){0,2}(?:results?|hits?|match(?:es)?|items?|entries|records?|rows?|posts?|tweets?|videos?|data|notes?|articles?|users?|documents?|messages)\b(?! (?:affected|changed|updated|deleted|inserted|lost))|\bnothing (?:was |has been )?(?:found|matched)|\bfound nothing(?! wrong)|\breturned nothing|没有找到|没找到|未找到|未搜索?到|找不到|没有(?:任何|相关|匹配|符合条件)*的?(?:结果|数据|内容|记录|信息)|暂?无(?:任何|相关|匹配)*的?(?:结果|数据|内容|记录)|(?<!\d)0 ?[条个篇](?:结果|记录|数据)|结果为空|查无/i

const byWords: [SourceState, RegExp][] = [
  ['timed-out', /\btime[d-]?[ -]?out\b|\btimeout|no sign of life|deadline exceeded|ETIMEDOUT|超时/i],
  [
    'needs-sign-in',
    /sign[ -]?in|log[ -]?in (?:is )?(?:required|needed)|login required|not logged in|unauthori[sz]ed|unauthenticated|(?:invalid|missing|no|expired) (?:api[ _-]?key|token|credentials)|需要登录|未登录|请先?登录|登录(?:已)?(?:过期|失效)/i,
  ],
  [
    'not-permitted',
    /forbidden|permission denied|not (?:permitted|authori[sz]ed)|access (?:is )?denied|无权|没有权限|权限不足|拒绝访问|禁止访问/i,
  ],
  [
    'unavailable',
    /ECONN\w+|ENOTFOUND|EAI_AGAIN|fetch failed|socket hang up|rate limit|too many requests|(?:temporarily |service )unavailable|overloaded|out of order|连接(?:失败|被拒绝)|暂时?不可用|限流|请求过于频繁|服务繁忙/i,
  ],
  ['empty', nothing],
]

const shortEnough = 400

function isEmpty({ text, files, kept }: ToolResult, count: number | undefined): boolean {
  if (count !== undefined) return count === 0
  if (files?.length || kept?.length) return false
  const bare = text.trim()
  if (/^(?:|\(none\)|\(the tool returned nothing\)|null|none|nothing|empty|not found|n\/a|无|暂无|空)[.。!！]?$/i.test(bare))
    return true
  return bare.length <= shortEnough && nothing.test(bare)
}

const longestSentence = 160

/** The first line of what a failed tool says, or its first sentence if that is long; without the name that the host puts before it. */
function sentenceOf(text: string): string {
  const line = text
    .slice(0, 2000)
    .replace(/^[^\n]{0,200}? \([\w-]{1,64}\) (?:failed|was not run): /, '')
    .replace(/^(?:MCP error -?\d+: ?|error(?: executing tool \S+)?: ?)+/i, '')
    .trim()
    .replace(/[\r\n\u2028\u2029].*$/s, '')
  const first = line.length > longestSentence ? (/^.*?(?:[。！？]|[.!?](?=\s))/u.exec(line)?.[0] ?? line) : line
  const short = first.replace(/[.。]$/, '').replace(/\s+/g, ' ')
  return short.length > longestSentence ? `${short.slice(0, longestSentence - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : short
}
