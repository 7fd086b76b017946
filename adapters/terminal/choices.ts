import type { Button } from '../../src/adapter.ts'

/** A button as it is shown where nothing can be clicked: `[1] Approve`. */
export interface Choice {
  number: number
  button: Button
}

/** Whoever types a number may have read it this long ago: until then it must not have become that of another button. */
const restMs = 3000

/** Numbers the buttons that are open, beside Stop, which is Ctrl-C. As long as one is open, its number stays the same and is no other's. */
export function createChoices() {
  let open: Choice[] = []
  /** When each number was in use last. */
  const used = new Map<number, number>()

  function firstFree(): number {
    for (let number = 1; ; number++) if (performance.now() - (used.get(number) ?? -restMs) >= restMs) return number
  }
  function take(number: number): number {
    used.set(number, performance.now())
    return number
  }

  return {
    /** From now on these are all that are open. */
    update(buttons: Button[]): void {
      for (const { number } of open) take(number)
      open = buttons
        .filter(({ action }) => action !== 'stop')
        .map(button => ({ button, number: numberOf(open, button) ?? take(firstFree()) }))
    },
    /** Those of them that are among these buttons. */
    among: (buttons: Button[]): Choice[] => open.filter(({ button }) => buttons.some(one => keyOf(one) === keyOf(button))),
    /** What somebody has typed is the number of a button, and nothing else. */
    find: (typed: string): Button | undefined => open.find(({ number }) => String(number) === typed)?.button,
  }
}

/** `[1] Approve  [2] Deny`, or nothing. */
export const showChoices = (choices: Choice[]): string =>
  choices.map(({ number, button }) => `[${number}] ${button.label}`).join('  ')

const keyOf = ({ action, token }: Button) => `${action}:${token}`

const numberOf = (choices: Choice[], button: Button) => choices.find(one => keyOf(one.button) === keyOf(button))?.number
