import { randomInt } from 'node:crypto'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** `wanted` if nobody has it yet, else a new id; either way it is in `taken` from now on. */
export function claimCallId(taken: Set<string>, wanted?: string): string {
  const id = wanted && !taken.has(wanted) ? wanted : newCallId()
  taken.add(id)
  return id
}

/** Nine letters and digits: the only form that Mistral's endpoint accepts, and every other one does too. */
function newCallId(): string {
  return Array.from({ length: 9 }, () => letters[randomInt(letters.length)]).join('')
}
