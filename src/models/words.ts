/**
 * Ideas that people and tools name with different words. The first English and the first Chinese word stand for the idea when
 * it is spoken; several words of a line mean the same.
 */
const ideas: [id: string, english: string[], chinese: string[]][] = [
  ['list', ['list', 'show', 'which', 'what', 'display', 'all'], ['列出', '有哪些', '哪些', '显示', '查看', '所有', '有什么']],
  ['table', ['table', 'database'], ['表', '数据库']],
  ['describe', ['describe', 'schema', 'structure', 'column', 'field'], ['描述', '结构', '字段']],
  ['query', ['query', 'select', 'sql'], ['查询']],
  ['search', ['search', 'find', 'lookup'], ['搜索', '查找', '搜']],
  ['video', ['video', 'clip', 'tiktok', 'youtube'], ['视频']],
  [
    'analyse',
    ['analyse', 'analyze', 'analysis', 'understand', 'summarise', 'summarize', 'summary'],
    ['分析', '理解', '总结', '解读'],
  ],
  ['download', ['download', 'save'], ['下载', '保存']],
  ['fetch', ['fetch', 'open', 'read'], ['打开', '读取', '抓取', '阅读']],
  ['page', ['page', 'website', 'site', 'article'], ['网页', '页面', '网站', '文章']],
  ['web', ['web', 'internet', 'online'], ['网络', '上网', '网上']],
  ['user', ['user', 'profile', 'account', 'who'], ['用户', '账号', '是谁', '资料']],
  ['tweet', ['tweet', 'post'], ['推文', '推特', '帖子']],
  ['timeline', ['timeline', 'posted'], ['时间线', '动态', '发了什么']],
  ['follower', ['follower', 'follows'], ['粉丝']],
  ['following', ['following'], ['关注']],
  ['trend', ['trend', 'trending'], ['趋势', '热搜', '热门']],
  ['reply', ['reply', 'comment', 'answer'], ['回复', '评论']],
  ['retweet', ['retweet', 'repost'], ['转发', '转推']],
  ['thread', ['thread'], ['串', '对话串']],
  ['community', ['community'], ['社区']],
  ['member', ['member'], ['成员']],
  ['media', ['media', 'photo', 'picture'], ['媒体', '图片', '照片']],
  ['latest', ['latest', 'newest', 'recent'], ['最新', '最近']],
  ['top', ['top', 'best', 'popular'], ['最热', '置顶']],
  ['system', ['system', 'machine', 'server'], ['系统', '服务器']],
  ['code', ['code', 'repository'], ['代码']],
  ['file', ['file'], ['文件']],
  ['time', ['time', 'clock'], ['时间', '几点']],
  ['date', ['date', 'day'], ['日期', '几号']],
  ['weather', ['weather', 'forecast'], ['天气', '预报']],
  ['translate', ['translate', 'translation'], ['翻译']],
  ['convert', ['convert', 'conversion'], ['转换']],
  ['add', ['add', 'append'], ['添加', '追加']],
  ['create', ['create', 'make'], ['创建', '新建']],
  ['write', ['write', 'insert', 'update'], ['写入', '插入', '更新']],
  ['delete', ['delete', 'remove', 'drop'], ['删除', '移除']],
  ['send', ['send'], ['发送']],
  ['run', ['run', 'execute'], ['运行', '执行']],
  ['command', ['command', 'shell'], ['命令']],
  ['insight', ['insight', 'note'], ['洞察', '笔记']],
  ['image', ['image'], ['图像']],
  ['echo', ['echo', 'repeat'], ['复述', '重复']],
]

/** Ideas of tools that change something. */
export const writingIdeas = new Set([
  'add',
  'create',
  'write',
  'delete',
  'send',
  'run',
  'edit',
  'set',
  'upload',
  'publish',
  'move',
])

const byEnglish = new Map(ideas.flatMap(([id, english]) => english.map(word => [stem(word), id])))
const byChinese = ideas.flatMap(([id, , chinese]) => chinese.map(word => [word, id] as const))
const spokenChinese = new Map(ideas.map(([id, , chinese]) => [id, chinese[0]]))

/** Words that hold the sign for a table and speak of none. */
const misleading = /代表|发表|表示|表达|表现|表情|表面|外表|手表/g

/** What a text speaks of: known ideas by their id, every other English word by its stem. */
export function ideasIn(text: string): Set<string> {
  const found = new Set(wordsOf(text).map(ideaOf))
  const chinese = text.replace(misleading, ' ')
  for (const [word, id] of byChinese) if (chinese.includes(word)) found.add(id)
  return found
}

/** `list_tables` and `listTables` are two words, whatever their case. */
export function wordsOf(text: string): string[] {
  const spaced = text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return spaced.match(/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d]+/gu) ?? []
}

export function ideaOf(word: string): string {
  return byEnglish.get(stem(word)) ?? stem(word)
}

/** The Chinese word for an English one, if it is among the ideas. */
export function inChinese(word: string): string | undefined {
  return spokenChinese.get(ideaOf(word))
}

/** True for a text that should be answered in Chinese. */
export function isChinese(text: string): boolean {
  return /\p{Script=Han}/u.test(text) && !/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)
}

/** Takes off the plural: tables, queries, searches. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (/(?:ch|sh|x|ss)es$/.test(word)) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith('s') && !/(?:ss|us|is)$/.test(word)) return word.slice(0, -1)
  return word
}
