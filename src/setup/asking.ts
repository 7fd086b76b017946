import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Who was asked has left, by Ctrl-C or by the end of what was piped in. */
export class Left extends Error {
  override name = 'Left'
}

export interface Asker {
  say(text: string): void
  /** One line, trimmed; what is typed is not shown where it is `secret`. Throws Left. */
  ask(question: string, secret?: boolean): Promise<string>
  close(): void
}

interface AskerOptions {
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream
  /** A person types; otherwise lines are piped in, perhaps all at once. */
  typed: boolean
  /** Ctrl-C was typed, while something was asked or tried. */
  onInterrupt(): void
}

export function createAsker({ input, output, typed, onInterrupt }: AskerOptions): Asker {
  let hiding = false
  const shown = new Writable({
    write(chunk, _encoding, done) {
      if (!hiding) output.write(chunk)
      done()
    },
  })
  const lines: string[] = []
  let waiting: PromiseWithResolvers<string> | undefined
  let left = false
  const reader = createInterface({ input, output: shown, terminal: typed })
  reader.on('line', line => {
    if (!waiting) return void lines.push(line) // piped in faster than it is asked for
    waiting.resolve(line)
    waiting = undefined
  })
  reader.on('SIGINT', onInterrupt)
  reader.on('close', () => {
    left = true
    waiting?.reject(new Left())
  })

  function next(): Promise<string> {
    const line = lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    if (left) return Promise.reject(new Left())
    waiting = Promise.withResolvers<string>()
    return waiting.promise
  }

  return {
    say: text => void output.write(`${text}\n`),
    async ask(question, secret = false) {
      if (typed) reader.setPrompt(`${question} `)
      if (typed && !left) reader.prompt()
      else output.write(`${question} `)
      hiding = secret && typed
      try {
        return (await next()).trim()
      } finally {
        if (hiding || !typed) output.write('\n')
        hiding = false
      }
    },
    close: () => reader.close(),
  }
}
