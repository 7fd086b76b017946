import { createHash } from 'node:crypto'

/** 16 characters that stand for a text, in keys and on buttons: short enough for Telegram's 64 bytes, and no other text's. */
export function tokenOf(text: string): string {
  const known = lately.get(text)
  if (known !== undefined) return known
  const token = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  if (lately.size >= remembered) lately.clear()
  lately.set(text, token)
  return token
}

/** A turn asks for its own again and again. */
const lately = new Map<string, string>()
const remembered = 500
