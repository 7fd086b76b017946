/**
 * A line into which callbacks push and from which one reader takes, until `done` has settled and the line is empty. What `push` returns resolves
 * when the reader is done with the item and asks for the next. Rethrows what `done` threw.
 */
export async function* drain<T>(fill: (push: (item: T) => Promise<void>) => Promise<unknown>): AsyncGenerator<T> {
  const line: { item: T; taken(): void }[] = []
  let settled = false
  let wake = () => {}
  const push = (item: T) =>
    new Promise<void>(taken => {
      line.push({ item, taken })
      wake()
    })
  const done = fill(push).finally(() => {
    settled = true
    wake()
  })
  done.catch(() => {}) // thrown below, when the line is empty
  while (true) {
    for (const { item, taken } of line.splice(0)) {
      yield item
      taken()
    }
    if (settled && line.length === 0) break
    if (line.length === 0) await new Promise<void>(resolve => (wake = resolve))
  }
  await done
}
