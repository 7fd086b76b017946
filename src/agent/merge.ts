/** A line into which callbacks push and from which one reader takes, until `done` has settled and the line is empty. Rethrows what `done` threw. */
export async function* drain<T>(fill: (push: (item: T) => void) => Promise<unknown>): AsyncGenerator<T> {
  const line: T[] = []
  let settled = false
  let wake = () => {}
  const push = (item: T) => {
    line.push(item)
    wake()
  }
  const done = fill(push).finally(() => {
    settled = true
    wake()
  })
  done.catch(() => {}) // thrown below, when the line is empty
  while (true) {
    yield* line.splice(0)
    if (settled && line.length === 0) break
    if (line.length === 0) await new Promise<void>(resolve => (wake = resolve))
  }
  await done
}
