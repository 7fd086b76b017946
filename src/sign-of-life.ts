import type { SignOfLife } from './adapter.ts'
import { findCommand } from './commands.ts'
import type { Inbox } from './queue/inbox.ts'

/** A placeholder is there sooner, nearly always: "typing…" before it would be one call more of those that a platform allows. */
const patienceMs = 250

/** Shows it at once for a command, whose answer has no placeholder, and where Redis cannot tell what became of a message. */
export function createSignOfLife(inbox: Inbox): SignOfLife {
  async function showUnlessSeen(...[message, show]: Parameters<SignOfLife>): Promise<void> {
    const isSeen = await inbox.isSeen(message).catch(() => false)
    if (!isSeen) show()
  }
  return (message, show) => {
    if (findCommand(message.text)) show()
    else setTimeout(() => void showUnlessSeen(message, show), patienceMs).unref()
  }
}
