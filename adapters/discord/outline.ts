/** A list that is open, at columns of what a model wrote and of what Discord gets. */
interface Level {
  indent: number
  /** Where the words of its last item begin. */
  content: number
  shown: number
  /** How wide the mark of its first item is: Discord takes as many blanks from what belongs to any of them. */
  width: number
}

/** The lines of a text between its blocks, one after the other. */
export interface Outline {
  /** Whether an indented line would belong to a list. */
  readonly inList: boolean
  /** The lines that take the place of this one, without the marks of the quote that it stands in. */
  place(line: string): string[]
  /** What precedes a block: it stands at the edge, and ends the list. */
  leave(isIndented: boolean): string[]
}

const itemLine = /^([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(?=\S)(.*)$/

/**
 * Discord's lists end at an empty line, lose their depth where an item is indented by more than the mark above it is wide, and take over the
 * kind of the item before. So lists are drawn close, to the blank, and apart from each other; of empty lines one is shown.
 */
export function createOutline(): Outline {
  let levels: Level[] = []
  let isBlank = false
  /** Whether the line before is a numbered item at the edge, or one of another kind. */
  let numbered: boolean | undefined
  /** Whether a block has ended a list to which indented lines still belong. */
  let isCut = false

  function gap(keep: boolean): string[] {
    const lines = isBlank && keep ? [''] : []
    isBlank = false
    return lines
  }

  function item(indent: number, mark: string, text: string): string[] {
    while ((levels.at(-1)?.indent ?? 0) > indent) levels.pop()
    const above = levels.at(-1)
    const content = indent + mark.length + 1
    const isSibling = above !== undefined && indent - above.indent <= 1
    const shown = !above ? 0 : isSibling ? above.shown : above.shown + above.width
    if (isSibling) above.content = content
    else levels.push({ indent, content, shown, width: mark.length + 1 })
    const isNumber = /\d/.test(mark) && !/^\[[ xX]\]\s/.test(text) // a task box takes the place of the number
    if (shown === 0 && numbered === !isNumber) isBlank = true
    if (shown === 0) numbered = isNumber
    return [...gap(shown === 0), `${' '.repeat(shown)}${mark} ${text}`]
  }

  /** A line that belongs to an item, or ends the list. */
  function words(indent: number, line: string): string[] {
    if (indent === 0 || (indent < 2 && isBlank)) levels = []
    while (levels.length > 1 && (levels.at(-1)?.content ?? 0) > indent) levels.pop()
    const level = levels.at(-1)
    if (!level) numbered = undefined
    return [...gap(!level), level ? ' '.repeat(level.shown + level.width) + line.trimStart() : line]
  }

  return {
    get inList() {
      return levels.length > 0
    },
    place(line) {
      if (line.trim() === '') {
        isBlank = true
        return []
      }
      isCut &&= columns(line) >= 2
      if (isCut) isBlank = false
      const [, before = '', mark, text = ''] = (!isRuler(line) && itemLine.exec(line)) || []
      return mark === undefined ? words(columns(line), line) : item(columns(before), mark, text)
    },
    leave(isIndented) {
      isCut = isIndented && (isCut || levels.length > 0)
      const lines = gap(!isCut)
      levels = []
      numbered = undefined
      return lines
    },
  }
}

const isRuler = (line: string) => /^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$/.test(line)

/** A tab reaches to the next multiple of four. */
export function columns(line: string): number {
  let count = 0
  for (const char of /^[ \t]*/.exec(line)?.[0] ?? '') count += char === '\t' ? 4 - (count % 4) : 1
  return count
}
