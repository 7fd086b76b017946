import type { SignOfLife } from './adapter.ts'
import { findCommand } from './commands.ts'
import type { Inbox } from './queue/inbox.ts'

/** A placeholder is on its way sooner, nearly always: "typing…" before it would be one call more of those that a platform allows. */
const patienceMs = 250

/** Shows it at once for a command, whose answer has no placeholder, and where `isUp` says that nothing can be kept now. */
export function createSignOfLife(inbox: Inbox, isUp: () => boolean): SignOfLife {
  async function showUnlessSeen(...[message, show]: Parameters<SignOfLife>): Promise<void> {
    const isSeen = isUp() && (await inbox.isSeen(message).catch(() => false))
    if (!isSeen) show()
  }
  return (message, show) => {
    if (findCommand(message.text) || !isUp()) show()
    else setTimeout(() => void showUnlessSeen(message, show), patienceMs).unref()
  }
}
