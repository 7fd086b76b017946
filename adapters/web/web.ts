import type { Adapter } from '../../src/adapter.ts'
import { fetchAttached } from './attached.ts'
import { keepFile } from './files.ts'
import type { Listener, WebOptions } from './listener.ts'
import { writeEdit, writeFile, writePost, writeTurn } from './reply-line.ts'

export type { WebOptions } from './listener.ts'

export interface WebAdapter extends Adapter {
  /** Where a browser finds it, while it listens. */
  readonly url: string | undefined
}

/** HTTP: the chat page and its API. The worker that answers may be another process, so replies come over the feed. */
export function createWebAdapter(options: WebOptions): WebAdapter {
  const { feed, files } = options
  let listener: Listener | undefined

  return {
    platform: 'web',
    limits: { chars: 10_000_000, length: text => text.length, editEveryMs: 100, keyedPosts: true },
    get url() {
      return listener?.url
    },
    async start(receive, formFor) {
      const { openListener } = await import('./listener.ts') // who only speaks loads nothing of it
      listener = await openListener(options, { receive, ...(formFor && { formFor }) })
    },
    async stop() {
      const open = listener
      listener = undefined
      await open?.close()
    },
    post: (conversation, out, replyTo, key) => writePost(feed, conversation, out, replyTo, key),
    edit: (conversation, id, out) => writeEdit(feed, conversation, id, out),
    fetchFile: (ref, most) => fetchAttached(ref, most, files),
    ...(files && {
      filesFirst: true,
      async postFile(conversation, file, replyTo, key) {
        return writeFile(feed, conversation, await keepFile(files, conversation, file), replyTo, key)
      },
    }),
    tell: (conversation, replyTo, event) => writeTurn(feed, conversation, replyTo, event),
  }
}
