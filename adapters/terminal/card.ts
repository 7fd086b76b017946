import { unescaped } from './style.ts'
import { withoutControl } from './width.ts'

/** A line at the end of a running card. */
interface StepLine {
  state: 'earlier' | 'running' | 'ended' | 'thinking'
  text: string
}

const states: Record<string, StepLine['state']> = {
  '…': 'earlier',
  '⏳': 'running',
  '✅': 'ended',
  '⚠️': 'ended',
  '💭': 'thinking',
}

/**
 * A running card ends with a block of lines: `… and 3 more`, a line for each step, `💭 thinking…`. What was said before stands above
 * it; a card whose answer is being written has no such block.
 */
export function readCard(markdown: string): { said: string; steps: StepLine[]; hidden: number } {
  const text = withoutControl(markdown)
  const at = text.lastIndexOf('\n\n')
  const lines = text.slice(at < 0 ? 0 : at + 2).split('\n')
  const steps = lines.flatMap(readStep)
  const live = steps.length === lines.length && steps.some(({ state }) => state === 'running' || state === 'thinking')
  if (!live) return { said: text, steps: [], hidden: 0 }
  return { said: text.slice(0, Math.max(at, 0)), steps, hidden: hiddenBefore(steps[0]) }
}

function readStep(line: string): StepLine[] {
  const state = states[/^(…|⏳|✅|⚠️|💭) ./u.exec(line)?.[1] ?? '']
  return state ? [{ state, text: unescaped(line) }] : []
}

/** How many steps are no longer shown, and one less for the line that says so. */
function hiddenBefore(first: StepLine | undefined): number {
  return first?.state === 'earlier' ? Number(/\d+/.exec(first.text)?.[0] ?? 0) - 1 : 0
}
