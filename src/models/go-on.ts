import type { Prompt } from '../model.ts'

const wish =
  'The connection broke in the middle of your answer above. Go on exactly where it ends, in the middle of a word if need be: repeat nothing of it, and do not speak of the break.'

/** Asks for the rest of an answer of which so much was heard. */
export function goOn(prompt: Prompt, said: string): Prompt {
  if (said === '') return prompt
  const transcript = [
    ...prompt.transcript,
    { role: 'assistant' as const, text: said, calls: [] },
    { role: 'user' as const, text: wish },
  ]
  return { ...prompt, transcript }
}
