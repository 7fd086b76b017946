import { test } from 'vitest'
import { answerTwoHundred } from './scale.ts'

test('one gateway and two workers: 200 messages in 50 conversations, each answered once, each conversation in order', async () => {
  await answerTwoHundred()
}, 90_000)
