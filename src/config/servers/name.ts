import { createHash } from 'node:crypto'

const maxNameChars = 32

/** A name of `[a-zA-Z0-9_-]{1,32}` for what an entry is called, the same one every time; itself where it is one already. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-zA-Z0-9_-]+/g, '_')
    .replace(/^_+|_+$/g, '')
  if (/^[a-zA-Z0-9_-]{1,32}$/.test(name)) return name
  if (plain.length > 0 && plain.length <= maxNameChars && /[a-zA-Z0-9]/.test(plain)) return plain
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${plain.slice(0, maxNameChars - 9) || 'server'}_${mark}`
}
