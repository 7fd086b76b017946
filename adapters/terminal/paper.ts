import type { Outgoing } from '../../src/adapter.ts'
import { readCard } from './card.ts'
import { dimmed, plain, styled } from './style.ts'
import { widthOf, withoutControl, wrap } from './width.ts'

/** Where the talk is written: a screen that repaints, or lines that stay. */
export interface Paper {
  /** The newest state of a reply, with its open choices in a line below it, if it has some. A final one is written for good. */
  card(id: string, out: Outgoing, choices: string): void
  /** The person has sent this line, and it has just been echoed. */
  asked(line: string): void
  /** A sentence of the terminal itself. */
  note(sentence: string): void
  /** Nothing more can be typed: the input line goes. */
  ended(): void
}

/** What a paper can be written on; `columns` and `rows` are there on a terminal. */
export interface Output {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
  rows?: number | undefined
}

/** The line where a person types, which always stands below the live cards. */
export interface InputLine {
  readonly prompt: string
  /** Rows between the start of the line and the cursor. */
  cursorRow(): number
  /** Writes prompt and line anew from where the cursor stands. */
  redraw(): void
}

/**
 * Paints the live cards in place, above the input line. The painted region is never taller than the screen, so that every row of
 * it can still be reached; what has scrolled off is final and is left alone.
 */
export function createScreen(output: Output, typing: InputLine | undefined): Paper {
  let input = typing
  const live = new Map<string, { text: string; choices: string }>()
  let painted: string[] = []

  // A terminal that does not know its size says 0.
  const columns = () => Math.max(output.columns || 80, 10)
  const wrapped = (text: string) => wrap(styled(text), columns() - 1)
  const wrappedCard = ({ text, choices }: { text: string; choices: string }) => {
    const { said, steps } = readCard(text)
    const lines = steps.map(({ text, state }) => (state === 'running' ? text : dimmed(text)))
    return [
      ...(said ? [...wrapped(said), ...(lines.length > 0 ? [''] : [])] : []),
      ...lines.flatMap(line => wrap(line, columns() - 1)),
      ...choiceRows(choices, columns() - 1),
    ]
  }

  /** Takes the live cards and the input line off the screen; the cursor stays where they began. */
  function lift(inputRows: number): string {
    // A narrower window has folded the rows since they were painted.
    const rows = inputRows + painted.reduce((sum, row) => sum + Math.max(1, Math.ceil(widthOf(row) / columns())), 0)
    painted = []
    return `\r${rows > 0 ? `\u001b[${rows}A` : ''}\u001b[0J`
  }

  function paint(inputRows: number, forGood: string[]): void {
    const room = Math.max((output.rows || 24) - 2 - inputRows, 1)
    const cards = [...live.values()].flatMap(wrappedCard)
    const erase = lift(inputRows)
    painted = cards.slice(-room)
    const rows = [...forGood, ...painted].map(row => `${row}\n`).join('')
    output.write(`${erase}${rows}`)
    input?.redraw()
  }

  return {
    card(id, out, choices) {
      if (!out.final) live.set(id, { text: out.text, choices })
      else live.delete(id)
      paint(input?.cursorRow() ?? 0, out.final ? [...wrapped(out.text), ...choiceRows(choices, columns() - 1), ''] : [])
    },
    asked(line) {
      if (!input) return paint(0, wrap(withoutControl(`› ${line}`), columns() - 1))
      if (painted.length === 0) return input.redraw()
      // The echo stands below the cards: it goes above them, and nothing stands in the input line now.
      const echo = wrap(`${input.prompt}${withoutControl(line)}`, columns())
      output.write(`${lift(echo.length)}${echo.join('\n')}\n`)
      return paint(0, [])
    },
    note(sentence) {
      paint(input?.cursorRow() ?? 0, wrapped(`-# ${sentence}`))
    },
    ended() {
      const inputRows = input?.cursorRow() ?? 0
      input = undefined
      output.write(`\r${inputRows > 0 ? `\u001b[${inputRows}A` : ''}\u001b[0J`)
    },
  }
}

const choiceRows = (choices: string, columns: number) => (choices ? wrap(withoutControl(choices), columns) : [])

/** For pipes and files: each new step once, what is to be chosen when it changes, then the answer, with no control character. */
export function createLines(output: Output): Paper {
  const seen = new Map<string, Set<string>>()
  const write = (...lines: string[]) => lines.forEach(line => void (line && output.write(`${line}\n`)))

  /** What was said last is what the choices are about. */
  function writeChoices(text: string, choices: string, known: Set<string>): void {
    const { said } = readCard(text)
    const key = said.slice(said.lastIndexOf('\n\n') + 1) + choices
    if (!choices || known.has(key)) return
    known.add(key)
    write(plain(said), withoutControl(choices))
  }

  return {
    card(id, out, choices) {
      const steps = seen.get(id) ?? new Set()
      seen.set(id, steps)
      if (!out.final) {
        write(...newSteps(out.text, steps))
        return writeChoices(out.text, choices, steps)
      }
      seen.delete(id)
      output.write(`${plain(out.text)}\n`)
      write(withoutControl(choices))
    },
    asked() {},
    note: sentence => void output.write(`${sentence}\n`),
    ended() {},
  }
}

/** The steps that were not written yet. While one runs only its name counts, not its percent. */
function newSteps(card: string, seen: Set<string>): string[] {
  const { steps, hidden } = readCard(card)
  return steps.flatMap(({ text, state }, at) => {
    if (state === 'earlier' || state === 'thinking') return []
    const line = state === 'running' ? (text.split(' · ')[0] ?? text) : text
    const key = `${at + hidden} ${line}`
    if (seen.has(key)) return []
    seen.add(key)
    return [line]
  })
}
