export interface Sentences {
  found(tool: string): string
  empty(tool: string): string
  failed(tool: string, why: string): string
  more: string
  who: string
  tools(count: number, servers: string[]): string
  tryThis(examples: string[]): string
  noTools: string
  configure: string
  /** Several calls were made by a skill's plan. */
  followed(skill: string): string
  lacks(skill: string, what: Wanted[]): string
  notConnected(skill: string, tools: string[]): string
  /** A skill without a plan. */
  needsModel(skill: string): string
}

/** What a plan may take from a message. */
export type Wanted = 'url' | 'handle' | 'topic' | 'id' | 'sql' | 'table' | 'text'

const english: Sentences = {
  found: tool => `Here is what ${tool} returned:`,
  empty: tool => `${tool} returned nothing. Try a broader word, or check the name you gave.`,
  failed: (tool, why) => `${tool} failed: ${why}\nCheck what you gave it and ask again; /tools shows whether its server is up.`,
  more: 'There is more; ask for less at once to see it.',
  who: 'I am the built-in offline model, not a language model: I only follow the plans of skills and pick tools by plain words, when all they need stands in your message.',
  tools: (count, servers) => `I can use ${count} ${count === 1 ? 'tool' : 'tools'} of ${servers.join(', ')}`,
  tryThis: examples => `; try ${examples.map(one => `\`${one}\``).join(' or ')}`,
  noTools: 'No tools are connected right now',
  configure:
    'For real answers set `OPENAI_API_KEY` (and `OPENAI_BASE_URL` and `MODEL` if it is not OpenAI) in `.env` and restart.',
  followed: skill =>
    `I am the built-in offline model: I have followed the plan of the skill \`${skill}\` step by step, and this is what its tools returned, without a summary of my own.`,
  lacks: (skill, what) =>
    `For the skill \`${skill}\` I need in your message: ${what.map(one => wantedInEnglish[one]).join(', or ')}.`,
  notConnected: (skill, tools) =>
    `The skill \`${skill}\` is for this, but ${tools.map(one => `\`${one}\``).join(' and ')} ${tools.length === 1 ? 'is' : 'are'} not connected; \`/tools\` lists what is.`,
  needsModel: skill => `The skill \`${skill}\` is for this, but it has no plan that I could follow: it needs a language model.`,
}

const wantedInEnglish: Record<Wanted, string> = {
  url: 'a link (`https://…`)',
  handle: 'a name such as `@nasa`',
  topic: 'the words to look for, in "quotes"',
  id: 'the link or number of a post',
  sql: 'an SQL statement',
  table: 'the name of a table',
  text: 'a question',
}

const chinese: Sentences = {
  found: tool => `${tool} 返回了以下结果：`,
  empty: tool => `${tool} 没有返回任何结果。请换一个更宽泛的词，或检查您给出的名称。`,
  failed: (tool, why) => `${tool} 失败了：${why}\n请检查您给出的内容后再试；用 /tools 可以查看它的服务器是否正常。`,
  more: '还有更多内容；请缩小范围后再问。',
  who: '我是内置的离线模型，不是语言模型：只有当消息里写明了所需的一切时，我才能按技能的计划或按字面选择工具。',
  tools: (count, servers) => `我可以使用 ${servers.join('、')} 的 ${count} 个工具`,
  tryThis: examples => `，例如：${examples.map(one => `\`${one}\``).join(' 或 ')}`,
  noTools: '目前没有连接任何工具',
  configure:
    '要得到真正的回答，请在 `.env` 中设置 `OPENAI_API_KEY`（若不是 OpenAI，还要设置 `OPENAI_BASE_URL` 和 `MODEL`），然后重启。',
  followed: skill => `我是内置的离线模型：我按技能 \`${skill}\` 的计划一步一步执行，以下是工具返回的内容，没有我自己的总结。`,
  lacks: (skill, what) => `要执行技能 \`${skill}\`，消息里需要有：${what.map(one => wantedInChinese[one]).join('，或')}。`,
  notConnected: (skill, tools) =>
    `这属于技能 \`${skill}\`，但 ${tools.map(one => `\`${one}\``).join('、')} 没有连接；用 \`/tools\` 可以查看已连接的工具。`,
  needsModel: skill => `这属于技能 \`${skill}\`，但它没有我能照做的计划，需要语言模型。`,
}

const wantedInChinese: Record<Wanted, string> = {
  url: '一个链接（`https://…`）',
  handle: '一个用户名，如 `@nasa`',
  topic: '要搜索的词，放在“引号”里',
  id: '帖子的链接或编号',
  sql: '一条 SQL 语句',
  table: '表的名称',
  text: '一个问题',
}

export const sentencesFor = (inChinese: boolean) => (inChinese ? chinese : english)
