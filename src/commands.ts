import type { CommandInfo, Suggest } from './adapter.ts'
import { isAdmin } from './admins.ts'
import { completePrompt } from './agent/complete-prompt.ts'
import { stopWaiting } from './answers.ts'
import { type Budgets, payerOf } from './budgets.ts'
import { ConfigError } from './errors.ts'
import type { History } from './history.ts'
import type { Words } from './i18n/i18n.ts'
import { listSkills, listUsage, status } from './listings.ts'
import type { Log } from './log.ts'
import { type McpTools, mcpActions, runMcp } from './mcp-command.ts'
import type { Message } from './message.ts'
import { runModel, suggestModels } from './model-command.ts'
import { showTools } from './own-tools.ts'
import { type PermitTools, permitActions, runAudit, runPermit } from './permit-command.ts'
import type { Asks } from './queue/asks.ts'
import type { Hints } from './queue/hints.ts'
import type { Inbox } from './queue/inbox.ts'
import type { Jobs } from './queue/jobs.ts'
import type { Journal } from './queue/journal.ts'
import type { Retries } from './queue/retries.ts'
import type { Signals } from './queue/signals.ts'
import { tokenOf } from './queue/token.ts'
import { choices, type Settings, settingNames } from './settings.ts'
import { changeSettings } from './settings-command.ts'
import { chosen, suggestPermit, suggestPrompts } from './suggestions.ts'
import { editDistance } from './typo.ts'

export interface CommandTools extends McpTools, PermitTools {
  asks: Asks
  inbox: Inbox
  budgets: Budgets
  history: History
  settings: Settings
  retries: Retries
  journal: Journal
  jobs: Jobs
  signals: Signals
  log: Log
  hints: Hints
}

export interface Command extends CommandInfo {
  /** What may be typed for the option of this name. */
  suggest?(option: string, tools: CommandTools, typing: OptionTyping): Promise<string[]>
  /** How just what was typed goes on; undefined where `suggest` knows. */
  complete?(option: string, tools: CommandTools, typing: OptionTyping): Promise<string[] | undefined>
  /** Answers at once. Absent: a command that is a turn of its own, queued and shown like any question. */
  run?(message: Message, argument: string, words: Words, tools: CommandTools): Promise<string>
}

export interface OptionTyping {
  typed: string
  /** The other options, as far as they are filled in. */
  filled: Record<string, string>
}

const text = (name: string, required: boolean, en: string, zh: string) => ({ name, required, description: { en, zh } })
const known = (name: string, required: boolean, en: string, zh: string) => ({
  ...text(name, required, en, zh),
  suggests: true as const,
})

/** The one list: adapters announce it to their platform, `/help` prints it. */
export const commands: Command[] = [
  {
    name: 'help',
    quiet: true,
    description: { en: 'What I understand', zh: '我能做什么' },
    options: [],
    run: async (_message, _argument, words) => help(words),
  },
  {
    name: 'tools',
    description: { en: 'The tools I have at hand', zh: '我现在可用的工具' },
    quiet: true,
    suggest: async (_option, { board }) => ((await board.read())[0]?.servers ?? []).map(({ name }) => name),
    options: [known('server', false, 'Only the tools of this server', '只看这个服务器的工具')],
    run: showTools,
  },
  {
    name: 'skills',
    description: { en: 'The kinds of tasks I have instructions for', zh: '我有专门做法的任务' },
    quiet: true,
    options: [],
    run: async (_message, _argument, words, { board }) => listSkills((await board.read())[0], words),
  },
  {
    name: 'call',
    description: { en: 'Run one tool yourself', zh: '亲自运行一个工具' },
    suggest: async (option, { board }) =>
      option === 'tool' ? ((await board.read())[0]?.tools ?? []).map(({ name }) => name) : [],
    options: [
      known('tool', true, 'Name of the tool', '工具的名称'),
      text('json', false, 'Its arguments as JSON', '它的参数（JSON）'),
    ],
  },
  {
    name: 'prompt',
    description: { en: 'Ask what a server has ready to be asked', zh: '使用服务器准备好的提问' },
    suggest: async (option, { board }, { filled }) => suggestPrompts(option, (await board.read())[0]?.prompts ?? [], filled),
    async complete(option, { board, hints }, { typed, filled }) {
      if (option !== 'arguments') return undefined
      const [prompt, other] = chosen((await board.read())[0]?.prompts ?? [], filled)
      return prompt && !other ? completePrompt(typed, prompt, hints.ask) : []
    },
    options: [
      known('server', false, 'Whose it is; without, all are listed', '哪个服务器的；不填则列出全部'),
      known('name', false, 'Name of the prompt', '提问的名称'),
      known('arguments', false, 'What it wants to know: key=value …', '它的参数：键=值 …'),
    ],
  },
  {
    name: 'retry',
    description: { en: 'Answer the last question once more', zh: '重新回答上一个问题' },
    options: [],
    async run({ id, conversation }, _argument, words, { retries, journal, jobs }) {
      const last = await retries.find(conversation)
      if (!last || (await journal.isRunning(conversation))) return words.nothingToRetry
      await retries.ask(last, id)
      await jobs.ring(conversation)
      return words.retrying
    },
  },
  {
    name: 'reset',
    description: { en: 'Forget this conversation', zh: '忘记这段对话' },
    options: [],
    async run(message, _argument, words, { history }) {
      await history.clear(message.conversation)
      return words.forgotten
    },
  },
  {
    name: 'stop',
    description: { en: 'Stop the answer under way', zh: '停止正在进行的回答' },
    options: [],
    async run({ conversation, author }, _argument, words, tools) {
      const { inbox, journal, signals, admins } = tools
      const [asked] = (await journal.isRunning(conversation)) ? await inbox.waiting(conversation) : []
      if (!asked) return (await stopWaiting(conversation, author, undefined, tools)) ? words.stopping : words.nothingRuns
      if (asked.author.id !== author.id && !isAdmin(conversation, author, admins)) return words.notYours
      await signals.send({ conversation, token: tokenOf(asked.id), what: 'stop' })
      return words.stopping
    },
  },
  {
    name: 'model',
    quiet: true,
    description: { en: 'Which language model answers here', zh: '这里由哪个语言模型回答' },
    suggest: suggestModels,
    options: [known('name', false, 'The one to ask first, or auto', '先问哪个，或 auto')],
    run: runModel,
  },
  {
    name: 'settings',
    description: { en: 'How I behave in this conversation', zh: '我在这段对话中的行为' },
    quiet: true,
    suggest: async option => (option === 'name' ? settingNames : Object.values(choices).flat()),
    options: [known('name', false, 'Name of the setting', '设置的名称'), known('value', false, 'What it shall be', '改成什么')],
    run: (message, argument, words, { settings }) => changeSettings(message, argument, words, settings),
  },
  {
    name: 'mcp',
    quiet: true,
    description: { en: 'Your own MCP servers', zh: '您自己的 MCP 服务器' },
    suggest: async option => (option === 'action' ? mcpActions : []),
    options: [
      known('action', false, mcpActions.join(', '), mcpActions.join('、')),
      text('name', false, 'Name of the server', '服务器的名称'),
      text(
        'address',
        false,
        'Its https address and headers like `X-Key: abc`; or the address that a sign-in came back to',
        '它的 https 地址和 `X-Key: abc` 这样的请求头；或登录后返回的地址',
      ),
    ],
    run: runMcp,
  },
  {
    name: 'servers',
    quiet: true,
    description: { en: 'For admins: look into the list of servers again', zh: '管理员：重新读取服务器列表' },
    suggest: async () => ['reload'],
    options: [known('action', true, 'reload', 'reload')],
    run: reloadServers,
  },
  {
    name: 'permit',
    quiet: true,
    description: { en: 'Who may call which tool; admins change it', zh: '谁可以调用哪个工具；由管理员更改' },
    suggest: async (option, { board }) => suggestPermit(option, (await board.read())[0]),
    options: [
      known('action', false, permitActions.join(', '), permitActions.join('、')),
      known('tool', false, 'server.tool, server or *', 'server.tool、server 或 *'),
      known('whom', false, 'here, everyone, me or @id', 'here、everyone、me 或 @id'),
    ],
    run: runPermit,
  },
  {
    name: 'audit',
    quiet: true,
    description: { en: 'For admins: what was called, by whom, and who let it', zh: '管理员：谁调用了什么，由谁批准' },
    suggest: async (option, { board }) => (option === 'tool' ? suggestPermit(option, (await board.read())[0]) : []),
    options: [
      text('count', false, 'How many; 10 when left out', '条数；不填为 10'),
      known('tool', false, 'Only this server.tool, or server', '只看这个 server.tool 或 server'),
    ],
    run: runAudit,
  },
  {
    name: 'status',
    quiet: true,
    description: { en: 'How I am doing', zh: '我的运行状态' },
    options: [],
    run: async (_message, _argument, words, { board, jobs }) => status(await board.read(), await jobs.counts(), words),
  },
  {
    name: 'usage',
    quiet: true,
    description: { en: 'What was used today, and how much there is', zh: '今天的用量与额度' },
    options: [],
    async run(message, _argument, words, { budgets, admins }) {
      const usage = await budgets.today(payerOf(message))
      return listUsage(usage, isAdmin(message.conversation, message.author, admins), words)
    },
  },
]

const suggestions = 25

/** What a platform may offer while a command is typed; the likeliest first. */
export function createSuggest(tools: CommandTools): Suggest {
  return async (name, option, typed, filled) => {
    const command = commands.find(one => one.name === name)
    const completed = await command?.complete?.(option, tools, { typed, filled })
    if (completed) return completed.slice(0, suggestions)
    const all = (await command?.suggest?.(option, tools, { typed, filled })) ?? []
    const wanted = typed.toLowerCase()
    const [begin, hold] = [
      all.filter(text => text.toLowerCase().startsWith(wanted)),
      all.filter(text => text.toLowerCase().includes(wanted)),
    ]
    return [...new Set([...begin, ...hold])].slice(0, suggestions)
  }
}

export interface FoundCommand {
  command: Command | undefined
  /** What was typed, without the slash. */
  name: string
  argument: string
}

/** What `/name argument` asks for; undefined when the text is no command, a path such as `/etc/hosts` among them. */
export function findCommand(text: string): FoundCommand | undefined {
  const [, name, argument = ''] = /^\/([a-z_]{1,32})(?:\s+(.*))?$/is.exec(text.trim()) ?? []
  if (name === undefined) return undefined
  const wanted = name.toLowerCase() === 'start' ? 'help' : name.toLowerCase() // Telegram's clients say /start to every new bot
  return { command: commands.find(command => command.name === wanted), name, argument: argument.trim() }
}

/** The command that somebody who typed `name` most likely meant. */
export function nearestCommand(name: string): string | undefined {
  const scored = commands.map(command => ({ name: command.name, distance: editDistance(name.toLowerCase(), command.name) }))
  const best = scored.sort((a, b) => a.distance - b.distance)[0]
  return best && best.distance <= 2 ? best.name : undefined
}

function help(words: Words): string {
  const lines = commands.map(({ name, description, options }) => {
    const usage = options.map(option => (option.required ? ` <${option.name}>` : ` [${option.name}]`)).join('')
    return `- \`/${name}${usage}\` ${description[words.language] ?? description['en']}`
  })
  return [words.helpTitle, lines.join('\n')].join('\n\n')
}

async function reloadServers(
  { conversation, author }: Message,
  argument: string,
  words: Words,
  { desk, admins }: CommandTools,
): Promise<string> {
  if (!desk || !isAdmin(conversation, author, admins)) return words.adminsOnly
  if (argument.toLowerCase() !== 'reload') return words.serversUsage
  try {
    const { servers, disabled, warnings } = desk.houseServers()
    await desk.news.send({ what: 'reload' })
    return words.serversReload(servers.length, [...disabled.flatMap(({ error }) => error ?? []), ...warnings])
  } catch (error) {
    if (error instanceof ConfigError) return words.serversUnread(error.problems.join('; '))
    throw error
  }
}
