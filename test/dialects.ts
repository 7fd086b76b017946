import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ToolCall } from '../src/model.ts'

/** What an endpoint sends in one situation, byte by byte. */
export interface Dialect {
  endpoint: string
  behaviour: string
  bytes: Buffer
  expected: Expected
}

interface Expected {
  /** What is shown, also of an answer that ends with an error. */
  text: string
  calls?: (Omit<ToolCall, 'id'> & { id?: string })[]
  usage?: { input: number; output: number }
  finish?: string
  /** What the stream ends with in place of an ending; `message` is a part of what it says. */
  error?: { message: string; status?: number; code?: string }
}

const folder = join(import.meta.dirname, 'fixtures/dialects')

/**
 * A file an endpoint: `#!` with its name and its line ends, then `##` with the behaviour, the bytes, and `#=` with what they mean. No server
 * begins a line of its events with these marks.
 */
export function readDialects(): Dialect[] {
  return globSync('*.sse', { cwd: folder })
    .sort()
    .flatMap(file => {
      const text = readFileSync(join(folder, file), 'utf8')
      const [, endpoint = '', ends = ''] = /^#! (.*) · (lf|crlf)$/m.exec(text) ?? []
      return [...text.matchAll(/^## (.*)\n([\s\S]*?)^#= (.*)$/gm)].map(([, behaviour = '', events = '', expected = '']) => ({
        endpoint,
        behaviour,
        bytes: Buffer.from(ends === 'crlf' ? events.replaceAll('\n', '\r\n') : events),
        expected: JSON.parse(expected) as Expected,
      }))
    })
}
