/** An item of a numbered list. */
interface Numbered {
  indent: number
  /** Where its words begin. */
  content: number
  /** By how much the lines within it are moved. */
  shift: number | undefined
}

/**
 * Models write two or three blanks before what belongs to a numbered item, also where the number is longer; CommonMark would make it a
 * list of its own.
 */
export function deepenLists(source: string): string {
  if (!/^ *\d{1,9}[.)] /m.test(source)) return source
  let item: Numbered | undefined
  const lines = source.split('\n').map(line => {
    const indent = /^ */.exec(line)?.[0].length ?? 0
    if (line.trim() === '') return line
    if (item && indent > item.indent) {
      item.shift ??= isItem(line) && indent < item.content ? item.content - indent : 0
      return ' '.repeat(item.shift) + line
    }
    const number = /^ *\d{1,9}[.)] +(?=\S)/.exec(line)
    item = number ? { indent, content: number[0].length, shift: undefined } : undefined
    return line
  })
  return lines.join('\n')
}

const isItem = (line: string) => /^ *(?:[-*+]|\d{1,9}[.)]) /.test(line)
