import { createHash } from 'node:crypto'

/** 16 characters that stand for a text, in keys and on buttons: short enough for Telegram's 64 bytes, and no other text's. */
export function tokenOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
