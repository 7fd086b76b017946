/** What goes wrong: before the call is carried out, or (`lost`, `cut`) after it, when only the answer is missing. */
export type Fault =
  | { kind: 'limit'; seconds: number }
  | { kind: 'error'; code: number; description: string }
  | { kind: 'html' }
  | { kind: 'drop' }
  | { kind: 'slow'; ms: number }
  | { kind: 'lost' }
  | { kind: 'cut' }

export interface Target {
  method?: string
  chat?: number
  /** How often; once, if not said. */
  times?: number
}

/** Faults in waiting; each call uses up the first that fits it. */
export function createFaults() {
  const waiting: { fault: Fault; target: Target; left: number }[] = []

  function draw(method: string, chat: unknown, afterwards: boolean): Fault | undefined {
    const due = waiting.find(
      ({ fault, target, left }) =>
        left > 0 &&
        (fault.kind === 'lost' || fault.kind === 'cut') === afterwards &&
        (target.method ?? method) === method &&
        (target.chat === undefined || target.chat === Number(chat)),
    )
    if (due) due.left--
    return due?.fault
  }

  return {
    add: (fault: Fault, target: Target = {}) => void waiting.push({ fault, target, left: target.times ?? 1 }),
    before: (method: string, chat: unknown) => draw(method, chat, false),
    after: (method: string, chat: unknown) => draw(method, chat, true),
  }
}
