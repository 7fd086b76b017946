import { createHash } from 'node:crypto'

/** The narrowest rules of all model endpoints: OpenAI's `^[a-zA-Z0-9_-]{1,64}$`, and Gemini's that it begins with a letter or `_`. */
const maxChars = 64

export interface ToolId {
  server: string
  tool: string
}

/** A name for each, in the same order: `server__tool`, with a hash where it had to be cut or would be there twice. */
export function nameTools(ids: ToolId[]): string[] {
  const taken = new Set<string>()
  return ids.map(id => {
    const plain = sanitise(`${id.server}__${id.tool}`).replace(/^(?![A-Za-z_])/, '_')
    let name = plain.length > maxChars ? withHash(plain, id, 0) : plain
    for (let round = 1; taken.has(name); round++) name = withHash(plain, id, round)
    taken.add(name)
    return name
  })
}

/** The other spellings under which people and models ask for it. */
export function aliasesOf({ server, tool }: ToolId): string[] {
  return [`${server}.${tool}`, `${server}_${tool}`, sanitise(`${server}_${tool}`)]
}

/** `list_tables` → `List tables`. */
export function humanise(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_.\-/]+/g, ' ')
    .trim()
    .toLowerCase()
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : name
}

/** The three names that are spelled most like the wanted one. */
export function nearest(wanted: string, names: string[]): string[] {
  const scored = names.map(name => ({ name, score: likeness(wanted.toLowerCase(), name.toLowerCase()) }))
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ name }) => name)
}

function sanitise(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_')
}

function withHash(name: string, { server, tool }: ToolId, round: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([server, tool, round]))
    .digest('hex')
    .slice(0, 8)
  return `${name.slice(0, maxChars - 9)}_${hash}`
}

/** The share of letter pairs that both have (Dice's coefficient): 1 is equal, 0 has nothing in common. */
function likeness(a: string, b: string): number {
  const pairsOfA = pairs(a)
  const pairsOfB = pairs(b)
  const shared = [...pairsOfA].filter(pair => pairsOfB.has(pair)).length
  return (2 * shared) / Math.max(1, pairsOfA.size + pairsOfB.size)
}

function pairs(text: string): Set<string> {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2)))
}
