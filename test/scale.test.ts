import { test } from 'vitest'
import { answerFourIn } from './scale.ts'

test('one gateway and two workers: 200 messages in 50 conversations, each answered once, each conversation in order', async () => {
  await answerFourIn(50)
}, 90_000)
