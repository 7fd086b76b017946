import type { Whose } from './allowance.ts'
import type { Usage } from './budgets.ts'
import type { Words } from './i18n/i18n.ts'
import type { Permission } from './model.ts'
import type { Notice } from './queue/board.ts'
import type { ServerStatus } from './toolbox.ts'

// What commands answer that tell what is on the board.

/** More tools than this are shown of one server at a time. */
const mostToolsAtOnce = 40

/** As `/tools` shows them, to somebody who may call them or not: what everybody has, and what `own` tells that is of whoever asks. */
export function listTools(
  notice: Notice | undefined,
  server: string,
  words: Words,
  permissionOf: (tool: Notice['tools'][number]) => Permission,
  own: Pick<Notice, 'servers' | 'tools'> = { servers: [], tools: [] },
): string {
  if (!notice) return words.noWorker
  const servers = [...notice.servers, ...own.servers]
  const tools = [...notice.tools, ...own.tools]
  if (servers.length === 0) return words.noTools
  const asked = servers.filter(({ name }) => server === '' || name === server)
  if (asked.length === 0) return words.noSuchServer(server, quoted(servers.map(({ name }) => name)))
  if (asked.length > 1 && tools.length > mostToolsAtOnce) {
    return [words.toolsOf(servers.length, tools.length), servers.map(one => `- ${lineOf(one, words)}`).join('\n')].join('\n\n')
  }
  const sections = asked.map(one => {
    const lines = tools
      .filter(tool => tool.server === one.name)
      .map(tool => {
        const mark = words.permits.mark[permissionOf(tool)]
        return `- \`${tool.name}\` ${firstSentence(tool.description || tool.label)}${mark && ` · ${mark}`}`
      })
    return [lineOf(one, words), ...(one.note ? [`⚠️ ${one.note}`] : []), ...lines].join('\n')
  })
  return sections.join('\n\n')
}

/** As `/skills` shows them. */
export function listSkills(notice: Notice | undefined, words: Words): string {
  if (!notice) return words.noWorker
  const { skills = [] } = notice
  if (skills.length === 0) return words.noSkills
  const lines = skills.map(
    ({ name, description, descriptions }) => `- **${name}** · ${descriptions[words.language] ?? shortened(description)}`,
  )
  return [words.skillsTitle, lines.join('\n')].join('\n\n')
}

function lineOf({ name, owner, state, tools, error, note, connectMs }: ServerStatus, words: Words): string {
  const whose = owner === undefined ? '' : owner.startsWith('user:') ? words.yours : words.ofThisPlace
  const signIn = owner?.startsWith('user:') ? words.needsYourSignIn : words.needsSignIn
  const [took, remedy] = [connectMs === undefined ? '' : `${connectMs} ms`, state === 'needs_auth' ? signIn(name) : '']
  const facts = [whose, words.serverState[state], words.toolCount(tools), took, error ?? '', remedy]
  return `${note ? '⚠️ ' : ''}**${name}** · ${facts.filter(fact => fact !== '').join(' · ')}`
}

/** As `/status` shows it. */
export function status(notices: Notice[], counts: { waiting: number; active: number }, words: Words): string {
  const [notice] = notices
  if (!notice) return words.noWorker
  const servers = notice.servers.map(
    ({ name, state, tools }) => `- ${name}: ${words.serverState[state]}, ${words.toolCount(tools)}`,
  )
  return [
    `${words.statusUp(notices.length)}. ${words.statusModel(notice.model)}. ${words.statusQueue(counts.waiting, counts.active)}.`,
    servers.join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

/** As `/usage` shows it; what all have used together is for admins. */
export function listUsage({ spent, limits, resetsAt }: Usage, isAdmin: boolean, words: Words): string {
  const shown = isAdmin ? (['person', 'place', 'house'] as const) : (['person', 'place'] as const)
  const lineFor = (whose: Whose) => {
    const costs = (['turns', 'tokens', 'seconds'] as const).map(cost =>
      words.usage(cost, spent[whose][cost], limits[whose][cost]),
    )
    return `- **${words.usageOf[whose]}**: ${costs.join(' · ')}`
  }
  return [words.usageTitle(resetsAt), shown.map(lineFor).join('\n')].join('\n\n')
}

/** Names in a sentence, each as code. */
export const quoted = (names: readonly string[]) => names.map(name => `\`${name}\``).join(', ')

function firstSentence(description: string): string {
  const line = description.replace(/\s+/g, ' ').trim()
  return shortened(/^.*?[.。!?](?=\s|$)/.exec(line)?.[0] ?? line)
}

const shortened = (line: string) => (line.length > 160 ? `${[...line].slice(0, 159).join('')}…` : line)
