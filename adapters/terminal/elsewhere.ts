import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { Refused } from '../../src/errors.ts'
import { createHttpLine } from './http-line.ts'
import { createTerminalAdapter, type TerminalOptions } from './terminal.ts'

/** What of a process is needed; `argv` as there, with `--url <address> [--key <key>] [--session <id>]`. */
export interface Program {
  argv: string[]
  stdin: TerminalOptions['input']
  stdout: TerminalOptions['output']
  stderr: { write(text: string): unknown }
}

/**
 * The terminal of a bot that runs elsewhere, whose web door it asks, with `BELLHOP_KEY` where no `--key` is given. Resolves with the exit
 * code when the person leaves.
 */
export async function talkElsewhere(program: Program, env: { BELLHOP_KEY?: string | undefined }): Promise<0 | 1> {
  const { argv, stdin: input, stdout: output } = program
  const complain = (sentence: string): 1 => {
    program.stderr.write(`${sentence}\n`)
    return 1
  }
  const wish = readWish(argv.slice(2))
  if (typeof wish === 'string') return complain(wish)
  const { url, key = env.BELLHOP_KEY?.trim() } = wish
  const { locale } = Intl.DateTimeFormat().resolvedOptions()
  const session = wish.session ?? (key ? `terminal-${nameHere()}` : randomUUID())
  const line = createHttpLine({ url, session, locale, tells: output.isTTY === true, ...(key && { key }) })
  const left = Promise.withResolvers<void>()
  const terminal = createTerminalAdapter({ input, output, feed: line.feed, onEnd: left.resolve })
  try {
    await line.greet()
    await terminal.start(line.receive)
    await left.promise
    return line.hasFailed ? 1 : 0
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return complain(error.message)
  } finally {
    line.close()
    await terminal.stop()
  }
}

const usage = 'npm run chat -- --url http://host:8000 [--key <key>] [--session <8 to 64 letters, digits, _ and ->]'

/** Or a sentence that says what is wrong with it. */
function readWish(args: string[]): { url: string; key?: string; session?: string } | string {
  try {
    const text = { type: 'string' } as const
    const {
      url = '',
      key,
      session,
    } = parseArgs({ args, options: { url: text, key: text, session: text, chat: { type: 'boolean' } } }).values
    if (!['http:', 'https:'].includes(URL.parse(url)?.protocol ?? ''))
      return `--url is "${url}": it must be an address such as http://host:8000`
    if (session !== undefined && !/^[A-Za-z0-9_-]{8,64}$/.test(session)) return usage
    return { url: url.replace(/\/+$/, ''), ...(key && { key }), ...(session !== undefined && { session }) }
  } catch {
    return usage
  }
}

/** With a key, a session is nobody else's: so it may be the same every time, and its history goes on. */
function nameHere(): string {
  try {
    return userInfo()
      .username.replace(/[^A-Za-z0-9_-]+/g, '-')
      .slice(0, 40)
  } catch {
    return 'you' // A container may run under a number that has no name.
  }
}
