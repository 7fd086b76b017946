import type { Words } from './i18n/i18n.ts'
import { listTools } from './listings.ts'
import type { Log } from './log.ts'
import { createArrivals } from './mcp/arrivals.ts'
import { createHost } from './mcp/host.ts'
import { ownersOf } from './mcp/owners.ts'
import type { Message } from './message.ts'
import { type PermitTools, permissionsFor } from './permit-command.ts'
import type { Board, Notice } from './queue/board.ts'
import type { Desk } from './sign-in.ts'

/** What one person is shown of servers and tools. */
type Shown = Pick<Notice, 'servers' | 'tools'>

/** A person waits; what has not come up by then is shown as it is. */
const waitMs = 5000

/**
 * The servers of who asks and of the place, with their tools as they name them now; those of the person only where nobody else reads the
 * answer. A board that all may read has none of them, so they are asked by connections of their own. Never rejects.
 */
async function lookAtOwn(message: Message, house: Shown, { own }: Desk, log: Log): Promise<Shown> {
  if (!own.kept) return { servers: [], tools: [] }
  const houseNames = house.servers.filter(({ state }) => state !== 'disabled').map(({ name }) => name)
  const { plainHosts, webFor: web } = own
  const host = createHost({ log, web, plainHosts, houseNames })
  const isSeen = message.shared && !message.alone
  const owners = ownersOf(message).filter(owner => owner !== 'house' && !(isSeen && owner.startsWith('user:')))
  try {
    await createArrivals({ members: own.kept.members, host, plainHosts, mostMs: waitMs, log }).bring(owners)
    const box = host.toolboxFor(owners)
    const servers = box.servers()
    const theirs = new Set(servers.map(({ name }) => name))
    return { servers, tools: box.list().filter(({ server }) => theirs.has(server)) }
  } finally {
    await host.close()
  }
}

/** `/tools`, as it is for whoever asks. */
export async function showTools(message: Message, server: string, words: Words, tools: ToolsShown): Promise<string> {
  const { board, desk, log } = tools
  const [notice] = await board.read()
  const isHouses = notice?.servers.some(({ name }) => name === server)
  const own = notice && desk && !isHouses ? await lookAtOwn(message, notice, desk, log) : undefined
  return listTools(notice, server, words, await permissionsFor(message, tools), own)
}

interface ToolsShown extends PermitTools {
  board: Board
  desk?: Desk
  log: Log
}
