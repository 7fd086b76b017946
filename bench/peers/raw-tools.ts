import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

interface Answer {
  id: number
  result: { content?: { text?: string }[] }
}

/** Calls tools of one MCP server over stdio by lines of JSON, and knows no more of MCP. */
export function openRawTools(args: string[]): (name: string, input: Record<string, unknown>) => Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  createInterface({ input: child.stdout }).on('line', line => {
    const answer = JSON.parse(line) as Answer
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  return (name, input) =>
    new Promise(resolve => {
      const id = ++last
      waiting.set(id, ({ result: { content = [] } }) => resolve(content.map(({ text = '' }) => text).join('\n')))
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: input } })}\n`)
    })
}
