import type { Typing } from '../toolbox.ts'
import { readPromptWords } from './open-prompt.ts'

interface Known {
  server: string
  name: string
  /** The names of its arguments. */
  keys: string[]
}

/**
 * How the arguments of this prompt may go on, each with all that stands before: the next name, or what `ask` knows of the value that is
 * being typed.
 */
export async function completePrompt(
  typed: string,
  { server, name, keys }: Known,
  ask: (request: Typing & { server: string; prompt: string }) => Promise<string[]>,
): Promise<string[]> {
  const [, before, key = '', quoted, bare] = /^(|.*\s)([^\s="]+)=(?:["“]([^"”]*)|([^\s"“”]*))$/s.exec(typed) ?? []
  if (before === undefined) return nextNames(typed, keys)
  if (!keys.includes(key)) return []
  const { values: known } = readPromptWords(before)
  const found = await ask({ server, prompt: name, argument: key, typed: quoted ?? bare ?? '', known })
  return found.map(value => `${before}${key}=${/\s/.test(value) ? `"${value}"` : value}`)
}

function nextNames(typed: string, keys: string[]): string[] {
  const [, before = '', begun = ''] = /^(|.*\s)([^\s="]*)$/s.exec(typed) ?? []
  const { values } = readPromptWords(before)
  return keys.filter(key => !(key in values) && key.startsWith(begun)).map(key => `${before}${key}=`)
}
