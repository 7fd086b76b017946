/** What stands in a sentence so plainly that it can be handed to a tool. */
export interface Findings {
  text: string
  /** The sentence without its findings, for the ideas in it. */
  words: string
  urls: string[]
  /** Without the @. */
  handles: string[]
  quoted: string[]
  numbers: string[]
  /** Names of files, with an extension or a slash. */
  paths: string[]
  sql?: Statement
  table?: string
  /** What follows "search for" or 搜索. */
  topic?: string
  /** What follows "in" or "for" with a capital letter. */
  place?: string
}

export interface Statement {
  kind: 'read' | 'write' | 'create'
  text: string
}

export function findIn(text: string): Findings {
  const urls = text.match(/https?:\/\/[^\s<>"'`，。、；！？）】」]+/g)?.map(url => url.replace(/[.,;:!?)\]]+$/, '')) ?? []
  const rest = urls.reduce((left, url) => left.replace(url, ' '), text)
  const sql = statementIn(rest) ?? rowsIn(rest)
  const quoted = [...rest.matchAll(/"([^"]+)"|“([^”]+)”|「([^」]+)」|《([^》]+)》|`([^`]+)`|(?<=^|\s)'([^']+)'(?=$|[\s.,;:!?])/g)]
  const findings: Findings = {
    text,
    words: sql && sql.text !== '' && rest.includes(sql.text) ? rest.replace(sql.text, ' ') : rest,
    urls,
    handles: [...rest.matchAll(/(?<![\w.])@([A-Za-z0-9_]{1,50})/g)].map(match => match[1] ?? ''),
    quoted: quoted.map(match => match.slice(1).find(one => one !== undefined) ?? ''),
    numbers: rest.match(/(?<![\w.@])-?\d+(?:\.\d+)?(?![\w.]*\w)/g) ?? [],
    paths: rest.match(/(?<![\w@])(?:[\w.-]*\/[\w./-]+|[\w-]+\.[A-Za-z][A-Za-z0-9]{1,4})(?!\w)/g) ?? [],
  }
  const more = {
    sql,
    table: tableIn(rest),
    topic: topicIn(rest),
    place: /\b(?:in|for|of)\s+([A-Z][a-z]+(?:\s[A-Z][a-z]+)?)/.exec(rest)?.[1],
  }
  return Object.assign(findings, Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)))
}

const name = '[A-Za-z_][A-Za-z0-9_]*'
const column = `(?:\\*|[\\w.]+(?:\\([^()]*\\))?(?:\\s+as\\s+\\w+)?)`

/** In small letters only what can be no English sentence: "select a good room from the list" is none. */
const statements: [Statement['kind'], RegExp][] = [
  ['read', new RegExp(`^select\\s+(?:distinct\\s+)?${column}(?:\\s*,\\s*${column})*\\s+from\\s+["\`\\[]?${name}`, 'i')],
  ['read', /^SELECT\s[\s\S]*\bFROM\s/],
  ['read', /^select\s+[\d'(]/i],
  [
    'read',
    new RegExp(
      `^(?:with\\s+(?:recursive\\s+)?${name}\\s+as\\s*\\(|pragma\\s+${name}|explain\\s+(?:query\\s+plan\\s+)?select\\s)`,
      'i',
    ),
  ],
  [
    'create',
    new RegExp(
      `^create\\s+(?:temp(?:orary)?\\s+)?table\\s+(?:if\\s+not\\s+exists\\s+)?["\`]?${name}["\`]?\\s*(?:\\(|as\\s)`,
      'i',
    ),
  ],
  [
    'create',
    new RegExp(
      `^create\\s+(?:unique\\s+)?(?:index|view)\\s+(?:if\\s+not\\s+exists\\s+)?["\`]?${name}["\`]?\\s+(?:on|as)\\s`,
      'i',
    ),
  ],
  ['write', new RegExp(`^(?:insert\\s+(?:or\\s+\\w+\\s+)?|replace\\s+)into\\s+["\`]?${name}`, 'i')],
  ['write', new RegExp(`^update\\s+["\`]?${name}["\`]?\\s+set\\s`, 'i')],
  ['write', new RegExp(`^delete\\s+from\\s+["\`]?${name}`, 'i')],
  ['write', new RegExp(`^(?:drop\\s+(?:table|view|index)\\s+(?:if\\s+exists\\s+)?|alter\\s+table\\s+)["\`]?${name}`, 'i')],
]

/** A statement that stands alone, in a code block, in backticks, behind a colon, or behind a few words when in capitals. */
function statementIn(text: string): Statement | undefined {
  const block = /```(?:sql)?\s*([\s\S]+?)```|`([^`]+)`/i.exec(text)
  const capitals = /\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|WITH|PRAGMA|EXPLAIN|REPLACE)\b[\s\S]*/.exec(text)?.[0]
  const places = [block?.[1] ?? block?.[2], text, /[:：]\s*([\s\S]+)/.exec(text)?.[1], capitals]
  for (const place of places) {
    const candidate = (place ?? '').trim().replace(/^["“]|["”]$/g, '')
    const kind = statements.find(([, pattern]) => pattern.test(candidate))?.[0]
    if (kind) return { kind, text: candidate.replace(/[;；。\s]+$/, '') }
  }
  return undefined
}

const counts = [
  new RegExp(
    `how many (?:rows|entries|records|lines)\\b.*?\\b(?:in|does|of|has)\\s+(?:the\\s+)?(?:table\\s+)?["'\`]?(${name})`,
    'i',
  ),
  new RegExp(
    `(?:count|number of) (?:the\\s+)?(?:rows|entries|records)\\s+(?:in|of)\\s+(?:the\\s+)?(?:table\\s+)?["'\`]?(${name})`,
    'i',
  ),
  new RegExp(`["'\`“]?(${name})["'\`”]?\\s*(?:这张|这个)?表?(?:中|里|里面)?\\s*(?:一共|总共|共)?有(?:多少|几)(?:行|条|个?记录)`),
  new RegExp(`表\\s*["'\`“]?(${name})["'\`”]?\\s*(?:中|里|里面)?\\s*(?:一共|总共|共)?有(?:多少|几)(?:行|条|个?记录)`),
]

const rows = [
  new RegExp(
    `(?:show|list|give)\\b.*?\\b(?:rows|entries|records)\\s+(?:in|of|from)\\s+(?:the\\s+)?(?:table\\s+)?["'\`]?(${name})`,
    'i',
  ),
  new RegExp(`(?:显示|列出|查看)\\s*(?:表)?\\s*["'\`“]?(${name})["'\`”]?\\s*(?:表)?(?:中|里)?的(?:所有|全部)?(?:行|数据|记录)`),
]

/** Questions about rows that can be said in SQL without guessing. */
function rowsIn(text: string): Statement | undefined {
  const counted = firstMatch(counts, text)
  if (counted !== undefined) return { kind: 'read', text: `SELECT count(*) FROM "${counted}"` }
  const shown = firstMatch(rows, text)
  return shown === undefined ? undefined : { kind: 'read', text: `SELECT * FROM "${shown}" LIMIT 20` }
}

const tables = [
  new RegExp(`\\btable\\s+(?:named\\s+|called\\s+)?["'\`“]?(${name})`, 'i'),
  new RegExp(`["'\`“]?\\b(${name})["'\`”]?\\s+table\\b`, 'i'),
  new RegExp(`(?:表|描述|结构|字段)(?:的|是|：|:)?\\s*["'\`“]?(${name})`),
  new RegExp(`(${name})["'\`”]?\\s*(?:这张|这个|的)?(?:表|结构|字段)`),
  new RegExp(`\\b(?:describe|(?:schema|structure|columns|fields)\\s+(?:of|in|from))\\s+(?:the\\s+)?["'\`“]?(${name})`, 'i'),
]

/** Words beside "table" that are no name of one. */
const noTable = new RegExp(
  '^(?:the|a|an|this|that|these|my|our|your|its|each|every|all|any|some|no|one|which|what|are|is|was|do|does|did|has|have|had|can|could|there|here|' +
    'exists?|named?|called|describe|list|show|of|in|on|at|to|for|from|with|and|or|by|first|last|new|table|tables|database|data|sqlite|sql|please|me|' +
    'schema|structure|columns?|fields?|look|looks|book|how|why|when|where|who|create|drop|i|you|we|it)$',
  'i',
)

function tableIn(text: string): string | undefined {
  return firstMatch(tables, text, found => !noTable.test(found))
}

const topics = [
  /\b(?:search|look|find)\b[^.?!]*?\b(?:for|about|on|named|called)\s+(.+)/i,
  /\b(?:search|find)\s+(.+)/i,
  /(?:搜索|查找|搜一下|搜)\s*(?:一下|关于|有关)?\s*(.+)/,
  /\b(?:about|of|to)\s+(.+?)\s+on\s+(?:twitter|x)\b/i,
  /(?:推特|twitter|X)\s*上?(?:的人)?\s*(?:关于|对|怎么看|怎么说)\s*(.+?)(?:的?(?:看法|评论|讨论|观点|反应|意见|回复)[\s\S]*)?$/i,
]

function topicIn(text: string): string | undefined {
  const topic = firstMatch(topics, text)?.replace(/[.?!。？！\s]+$/, '')
  const plain = topic
    ?.replace(/^(?:推文|推特|帖子|网页|网络|社区)\s*(?:关于|有关)?\s*/, '')
    .replace(/(?:的推文|的帖子|的网页)$|\s+(?:tweets\s+)?on\s+(?:twitter|x)$/i, '')
  return plain?.replace(/^["“'`]|["”'`]$/g, '').trim() || undefined
}

function firstMatch(patterns: RegExp[], text: string, fits: (found: string) => boolean = () => true): string | undefined {
  for (const pattern of patterns) {
    for (const match of text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
      if (match[1] !== undefined && fits(match[1])) return match[1]
    }
  }
  return undefined
}
