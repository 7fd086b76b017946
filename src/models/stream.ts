import type { IncomingMessage } from 'node:http'
import { reason } from '../log.ts'
import type { Answer } from './answer.ts'
import { parseJson } from './arguments.ts'
import { Fault } from './fault.ts'
import type { SilenceClock } from './silence.ts'
import { createSseParser } from './sse.ts'

/**
 * Reads a body into `answer` and yields its text, one event for all that came in one piece over the network. Returns when the
 * answer is whole; throws Fault when it is not. `contentType` tells apart a stream, a whole completion and a web page.
 */
export async function* readStream(
  contentType: string,
  body: IncomingMessage,
  answer: Answer,
  clock: SilenceClock,
): AsyncGenerator<string> {
  // Whoever stops listening in the middle closes the connection, so that the endpoint stops as well.
  let whole = false
  try {
    if (contentType.includes('html')) throw new Fault('html', 'a web page')
    const read = contentType.includes('json') ? createWholeReader(answer) : createStreamReader(answer)
    clock.listen()
    for await (const bytes of pieces(body, answer)) {
      clock.rest()
      const delta = read.push(bytes)
      if (delta !== '') yield delta
      if (read.done()) break
      clock.listen()
    }
    const delta = read.end()
    whole = true
    if (delta !== '') yield delta
  } finally {
    release(body, whole)
  }
}

/** A connection that breaks after the model has said that it is done breaks nothing. */
async function* pieces(body: IncomingMessage, answer: Answer): AsyncGenerator<Buffer> {
  try {
    for await (const bytes of body.iterator({ destroyOnReturn: false })) yield bytes
  } catch (error) {
    if (answer.finish() === undefined) throw new Fault('broken', `the connection was closed (${reason(error)})`)
  }
}

export interface Reader {
  /** Returns the text to show. */
  push(bytes: Buffer): string
  done(): boolean
  end(): string
}

/** What reads a stream of chunks, whatever way its bytes are cut. */
export function createStreamReader(answer: Answer): Reader {
  const parser = createSseParser()
  let done = false
  let start = ''
  /** Told only when the text that came before it was given away. */
  let fault: unknown

  function take(events: string[]): string {
    if (fault !== undefined) throw fault
    let text = ''
    for (const data of events) {
      if (data.trim() === '[DONE]') done = true
      else if (data.trim() !== '' && !done) {
        try {
          text += answer.add(parseChunk(data))
        } catch (error) {
          if (text === '') throw error
          fault = error
          return text
        }
      }
    }
    return text
  }

  return {
    push(bytes) {
      if (start.length < 20) start += bytes.toString('latin1')
      return take(parser.push(bytes))
    },
    done: () => done || fault !== undefined,
    end() {
      const text = take(parser.end())
      if (done || answer.finish() !== undefined) return text
      throw start.trimStart().startsWith('<')
        ? new Fault('html', 'a web page')
        : new Fault('broken', 'the stream ended too early')
    },
  }
}

/** For endpoints that answer in one piece although they were asked to stream. */
function createWholeReader(answer: Answer): Reader {
  const pieces: Buffer[] = []
  return {
    push(bytes) {
      pieces.push(bytes)
      return ''
    },
    done: () => false,
    end() {
      const text = Buffer.concat(pieces).toString()
      return answer.add(parseChunk(text.trim()))
    },
  }
}

function parseChunk(data: string): unknown {
  const chunk = parseJson(data)
  if (chunk === undefined) throw new Fault('broken', 'it sent a chunk that is no JSON')
  return chunk
}

/** How long the last bytes of a whole answer may take, so that the connection can be used again. */
const lastBytesMs = 1000

function release(body: IncomingMessage, whole: boolean): void {
  if (!whole) return void body.destroy()
  if (body.complete) return void body.resume()
  body.on('error', () => {}) // nothing more is expected of it
  const timer = setTimeout(() => body.destroy(), lastBytesMs).unref()
  body.on('close', () => clearTimeout(timer)).resume()
}
