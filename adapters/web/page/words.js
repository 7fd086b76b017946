// What the page itself says, in the languages that it speaks. A value may hold {0}.

const english = {
  servers: 'Servers',
  newChat: 'New chat',
  conversation: 'Conversation',
  welcome: 'How may I help?',
  welcomeMore: 'Ask a question. I choose the tools, show each step, and say which source had nothing.',
  yourMessage: 'Your message',
  ask: 'Ask Bellhop…',
  send: 'Send',
  hint: 'Enter sends, Shift+Enter starts a new line.',
  keyTitle: 'This server needs a key',
  keyLabel: 'API key (kept until this tab is closed)',
  keyWrong: 'The server did not accept this key.',
  cancel: 'Cancel',
  useKey: 'Use this key',
  you: 'You',
  thinking: 'thinking…',
  steps: 'Steps',
  retry: 'Retry',
  copy: 'Copy',
  copied: 'Copied',
  table: 'Table',
  healthy: 'All is well',
  troubled: 'Something needs care',
  away: 'Server not reached',
  awayMore: 'The server cannot be reached. Is it still running?',
  queueAway: 'The queue (Redis) is away: messages cannot be kept now.',
  starting: 'The house is still starting.',
  noServers: 'No servers are connected.',
  hidden: 'Details are shown once you have given a key.',
  model: 'Model: {0}',
  tools: '{0} tools',
  oneTool: '1 tool',
  serverCount: '{0} of {1} servers',
  broken: 'The connection broke before the answer was complete. The turn goes on; ask again to see its result.',
  unreachable: 'The server cannot be reached: nothing was sent.',
  noKey: 'The server needs a key: nothing was sent.',
  refused: 'The server answered with status {0}.',
  notPressed: 'The button did not reach the server.',
  left: 'This page did not get the whole answer.',
  'state.active': 'active',
  'state.connecting': 'connecting',
  'state.degraded': 'degraded',
  'state.error': 'error',
  'state.needs_auth': 'needs sign-in',
  'state.disabled': 'switched off',
  examples: ['Which tables are there?', 'How many rows are in orders?', 'Describe the table rooms', 'Which tools can you use?'],
}

const chinese = {
  servers: '服务器',
  newChat: '新对话',
  conversation: '对话',
  welcome: '有什么可以帮您？',
  welcomeMore: '请直接提问。我会自己选择工具，显示每一步，并说明哪个来源没有结果。',
  yourMessage: '您的消息',
  ask: '向 Bellhop 提问…',
  send: '发送',
  hint: 'Enter 发送，Shift+Enter 换行。',
  keyTitle: '此服务器需要密钥',
  keyLabel: 'API 密钥（保留到关闭此标签页）',
  keyWrong: '服务器不接受此密钥。',
  cancel: '取消',
  useKey: '使用此密钥',
  you: '您',
  thinking: '思考中…',
  steps: '步骤',
  retry: '重试',
  copy: '复制',
  copied: '已复制',
  table: '表格',
  healthy: '一切正常',
  troubled: '有问题需要处理',
  away: '无法连接服务器',
  awayMore: '无法连接服务器。它还在运行吗？',
  queueAway: '队列（Redis）不可用：现在无法保存消息。',
  starting: '系统仍在启动。',
  noServers: '没有已连接的服务器。',
  hidden: '提供密钥后显示详情。',
  model: '模型：{0}',
  tools: '{0} 个工具',
  oneTool: '1 个工具',
  serverCount: '{0}/{1} 个服务器',
  broken: '连接在回答完成之前中断。处理仍在继续；请再次提问查看结果。',
  unreachable: '无法连接服务器：消息没有发出。',
  noKey: '服务器需要密钥：消息没有发出。',
  refused: '服务器返回状态 {0}。',
  notPressed: '按钮操作没有到达服务器。',
  left: '此页面没有收到完整的回答。',
  'state.active': '正常',
  'state.connecting': '连接中',
  'state.degraded': '不稳定',
  'state.error': '错误',
  'state.needs_auth': '需要登录',
  'state.disabled': '已停用',
  examples: ['有哪些表？', '表 orders 有多少行？', '表 rooms 是什么样的？', '你能使用哪些工具？'],
}

const speaksChinese = /^zh\b/i.test(navigator.language)
const words = speaksChinese ? chinese : english

/** A word the page does not know comes back as it is, so that a new state of a server can still be read. */
export function say(key, ...values) {
  const text = words[key] ?? key.replace(/^state\./, '')
  return values.reduce((sentence, value, at) => sentence.replace(`{${at}}`, () => String(value)), text)
}

export const examples = words.examples

/** Puts the page's fixed words in place; the English ones stand in the HTML already. */
export function translate(root) {
  if (!speaksChinese) return
  root.documentElement.lang = 'zh-CN'
  for (const element of root.querySelectorAll('[data-word]')) element.textContent = say(element.dataset.word)
  for (const element of root.querySelectorAll('[data-label]')) element.setAttribute('aria-label', say(element.dataset.label))
  for (const element of root.querySelectorAll('[data-placeholder]')) element.placeholder = say(element.dataset.placeholder)
}
