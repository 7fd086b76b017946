import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Change, changed } from './mutant.ts'
import { namesTest } from './sentences.ts'

/** What goes wrong with a plain MCP client, each of it reproduced with real servers. */
export const pitfalls: Record<number, string> = {
  1: 'a lost response stream hangs',
  2: 'a forgotten session stays forgotten',
  3: 'processes of a local server survive it',
  4: 'a local server is given too much or too little, and says too much',
  5: 'a call has no end of its own',
  6: 'a call runs out of time while a person is asked',
  7: 'a question dies with the process that asked it',
  8: 'one bad tool, block or answer takes the good ones along',
  9: 'a call that becomes a task is thrown away',
  10: 'a result that breaks its output schema is lost',
  11: 'many refresh one rotating token at a time',
  12: 'finding out the protocol fails, or is slow each time',
  13: 'news of other tools is missed, or comes in the wrong order',
  14: 'a message of any size is taken',
  15: 'base64 reaches the model as words',
  16: 'a name of a tool is refused by a model',
  17: 'a schema is refused by a model',
  18: 'what web servers do besides answering is not understood',
  19: 'the words of a server are trusted',
}

/** A fix that is taken away, and the test that must not be green without it. */
export interface PitfallMutation {
  pitfall: number
  taken: string
  change: Change
  /** `sentence` is as it stands in the file: the name of a test, or of a case of one. */
  test: { file: string; sentence: string }
}

/** Why the table could not be trusted: a pitfall of which nothing is taken away, a text or a test that is not there any more. */
export function faultsIn(root: string, mutations: PitfallMutation[]): string[] {
  const numbers = Object.keys(pitfalls).map(Number)
  const bare = numbers.filter(number => !mutations.some(({ pitfall }) => pitfall === number))
  return [
    ...bare.map(number => `nothing is taken away for pitfall ${number}`),
    ...mutations.filter(({ pitfall }) => !numbers.includes(pitfall)).map(({ pitfall }) => `there is no pitfall ${pitfall}`),
    ...mutations.flatMap(mutation => [...faultsOfChange(root, mutation), ...faultsOfTest(root, mutation)]),
  ]
}

function faultsOfChange(root: string, { change }: PitfallMutation): string[] {
  if (change.to === change.from) return [`${change.file}: nothing is taken away by ${change.from}`]
  try {
    changed(root, change)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

function faultsOfTest(root: string, { test: { file, sentence } }: PitfallMutation): string[] {
  const path = join(root, file)
  const isThere = existsSync(path) && namesTest(readFileSync(path, 'utf8'), sentence)
  return isThere ? [] : [`${file} has no test "${sentence}"`]
}
