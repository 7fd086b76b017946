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
 * list of its own, or end the list there.
 */
export function deepenLists(source: string): string {
  if (!/^ *\d{1,9}[.)] /m.test(source)) return source
  let item: Numbered | undefined
  let fence: { mark: string; shift: number } | undefined
  const lines = source.split('\n').map(line => {
    const indent = /^ */.exec(line)?.[0].length ?? 0
    const mark = /^ *(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1]
    if (line.trim() === '') return line
    if (fence) {
      const { shift } = fence
      if (mark?.startsWith(fence.mark) && line.trim() === mark) fence = undefined
      return ' '.repeat(shift) + line
    }
    const isInside = item !== undefined && indent > item.indent
    if (item && isInside) item.shift ??= indent >= 2 && indent < item.content ? item.content - indent : 0
    const shift = (isInside && item?.shift) || 0
    if (mark) fence = { mark, shift }
    if (!isInside) item = itemOf(line, indent)
    return ' '.repeat(shift) + line
  })
  return lines.join('\n')
}

function itemOf(line: string, indent: number): Numbered | undefined {
  const number = /^ *\d{1,9}[.)] +(?=\S)/.exec(line)?.[0]
  return number === undefined ? undefined : { indent, content: number.length, shift: undefined }
}
