// The wire of the tests as a process of its own: every question is answered with itself and so many words, with so many milliseconds between.
import { startOpenAiWire } from '../test/wire/openai.ts'
import { wordsOf } from './stream-client.ts'

const [words = '150', tokenMs = '0'] = process.argv.slice(2)
const wire = await startOpenAiWire({
  script({ messages }) {
    wire.requests.length = 0 // what was asked is nobody's concern here, and would be kept
    const asked = String(messages.findLast(({ role }) => role === 'user')?.content)
    const text = asked.startsWith('long ') ? wordsOf(asked, 40_000) : wordsOf(asked, Number(words))
    return { text, ...(tokenMs !== '0' && { tokenMs: Number(tokenMs) }), usage: { input: 1, output: 1 } }
  },
})
process.stdout.write(`[listening] ${wire.url}\n`)
