import { Writable } from 'node:stream'
import { widthOf } from '../adapters/terminal/width.ts'

/** A small terminal: understands what readline and the adapter write, and shows what a person would see. */
export function fakeTerminal(columns = 40, rows = 12) {
  let lines: string[][] = [[]]
  let row = 0
  let column = 0
  /** First row on the screen; the rows above have scrolled off and cannot be reached. */
  const top = () => Math.max(0, lines.length - rows)
  const written: string[] = []

  const lineAt = (at: number) => {
    while (lines.length <= at) lines.push([])
    return lines[at] as string[]
  }

  function put(char: string): void {
    const width = widthOf(char)
    if (width === 0) return
    if (column + width > columns) {
      row++
      column = 0
    }
    const line = lineAt(row)
    while (line.length < column) line.push(' ')
    line.splice(column, width, char, ...(width === 2 ? [''] : []))
    column += width
  }

  function obey(parameter: string, command: string): void {
    const count = Number(parameter || 1)
    if (command === 'A') row = Math.max(top(), row - count)
    else if (command === 'B') row += count
    else if (command === 'C') column += count
    else if (command === 'D') column = Math.max(0, column - count)
    else if (command === 'G') column = count - 1
    else if (command === 'J') {
      lineAt(row).splice(column)
      lines = lines.slice(0, row + 1)
    } else if (command === 'K') lineAt(row).splice(column)
    else if (command !== 'm') throw new Error(`unknown sequence ESC[${parameter}${command}`)
  }

  const output = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      written.push(text)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a terminal reads
      for (const [, parameter, command, char] of text.matchAll(/\u001b\[([0-9;?]*)([A-Za-z])|([^\u001b])/gsu)) {
        if (command !== undefined) obey(parameter ?? '', command)
        else if (char === '\n') {
          row++
          column = 0
          lineAt(row)
        } else if (char === '\r') column = 0
        else if (char !== undefined) put(char)
      }
      done()
    },
  })
  const screen = Object.assign(output, { isTTY: true as const, columns, rows })
  return {
    screen,
    written,
    /** Everything from the first line on, scrolled off or not. */
    text: () =>
      lines
        .map(line => line.join('').trimEnd())
        .join('\n')
        .trimEnd(),
  }
}
