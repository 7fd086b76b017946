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
}

const english: Sentences = {
  found: tool => `Here is what ${tool} returned:`,
  empty: tool => `${tool} returned nothing. Try a broader word, or check the name you gave.`,
  failed: (tool, why) => `${tool} failed: ${why}\nCheck what you gave it and ask again; /tools shows whether its server is up.`,
  more: 'There is more; ask for less at once to see it.',
  who: 'I am the built-in offline model, not a language model: I only pick a tool by plain words, when all it needs stands in your message.',
  tools: (count, servers) => `I can use ${count} ${count === 1 ? 'tool' : 'tools'} of ${servers.join(', ')}`,
  tryThis: examples => `; try ${examples.map(one => `\`${one}\``).join(' or ')}`,
  noTools: 'No tools are connected right now',
  configure:
    'For real answers set `OPENAI_API_KEY` (and `OPENAI_BASE_URL` and `MODEL` if it is not OpenAI) in `.env` and restart.',
}

const chinese: Sentences = {
  found: tool => `${tool} 返回了以下结果：`,
  empty: tool => `${tool} 没有返回任何结果。请换一个更宽泛的词，或检查您给出的名称。`,
  failed: (tool, why) => `${tool} 失败了：${why}\n请检查您给出的内容后再试；用 /tools 可以查看它的服务器是否正常。`,
  more: '还有更多内容；请缩小范围后再问。',
  who: '我是内置的离线模型，不是语言模型：只有当消息里写明了所需的一切时，我才能按字面选择工具。',
  tools: (count, servers) => `我可以使用 ${servers.join('、')} 的 ${count} 个工具`,
  tryThis: examples => `，例如：${examples.map(one => `\`${one}\``).join(' 或 ')}`,
  noTools: '目前没有连接任何工具',
  configure:
    '要得到真正的回答，请在 `.env` 中设置 `OPENAI_API_KEY`（若不是 OpenAI，还要设置 `OPENAI_BASE_URL` 和 `MODEL`），然后重启。',
}

export const sentencesFor = (inChinese: boolean) => (inChinese ? chinese : english)
