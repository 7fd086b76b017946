import { toEntry } from '../agent/prompt.ts'
import type { Message } from '../message.ts'
import type { Entry } from '../model.ts'
import { type AttachmentsOptions, openAttachments } from './attachments.ts'
import { openToolFiles, type ToolFiles, type ToolFilesOptions } from './tool-files.ts'

/** What goes in and out of one turn beside words. */
export interface Media extends ToolFiles {
  /** What was said, as the model reads it, with what is attached to it. Throws only what aborted the signal. */
  read(messages: Message[]): Promise<Entry>
}

export function openMedia(
  options: AttachmentsOptions & Omit<ToolFilesOptions, 'canPost'> & { canPost?: boolean; adapter: { postFile?: unknown } },
): Media {
  const attachments = openAttachments(options)
  return {
    ...openToolFiles({ ...options, canPost: options.canPost ?? options.adapter.postFile !== undefined }),
    async read(messages) {
      await attachments.read(messages)
      return toEntry(messages, attachments.contents)
    },
  }
}
