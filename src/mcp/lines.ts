const newline = 10

/**
 * Cuts a byte stream into lines. The SDK's own buffer copies all that came so far with every chunk, which is seconds for a large
 * message. Throws when one line is longer than `maxBytes`.
 */
export function createLineCutter(maxBytes: number, onLine: (line: string) => void): (chunk: Buffer) => void {
  let begun: Buffer[] = []
  let bytes = 0

  function finish(last: Buffer): void {
    const line = begun.length > 0 ? Buffer.concat([...begun, last]) : last
    begun = []
    bytes = 0
    const text = line.toString('utf8').trim()
    if (text !== '') onLine(text)
  }

  return chunk => {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      finish(chunk.subarray(from, end))
      from = end + 1
    }
    const rest = chunk.subarray(from)
    bytes += rest.length
    if (bytes > maxBytes) throw new Error(tooLarge(maxBytes))
    if (rest.length > 0) begun.push(rest)
  }
}

export function tooLarge(maxBytes: number): string {
  return `a message of more than ${maxBytes} bytes was refused`
}
