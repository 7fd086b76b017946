/** Values that are forgotten when their time has come, or when there is no room and others were wanted since. */
export interface Shelf<T> {
  get(key: string): T | undefined
  /** `bytes` is about what it holds of the memory. What alone would fill an eighth of the room is not kept. */
  set(key: string, value: T, bytes: number, expiresAt: number): void
  readonly entries: number
  readonly bytes: number
  /** How many had to go to make room. */
  readonly evicted: number
}

export function createShelf<T>(maxBytes: number, now: () => number): Shelf<T> {
  const kept = new Map<string, { value: T; bytes: number; expiresAt: number }>()
  let held = 0
  let evicted = 0

  function drop(key: string): void {
    held -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  return {
    get(key) {
      const found = kept.get(key)
      drop(key)
      if (!found || found.expiresAt <= now()) return undefined
      kept.set(key, found) // the last in line, and so the last to go
      held += found.bytes
      return found.value
    },
    set(key, value, bytes, expiresAt) {
      drop(key)
      if (bytes > maxBytes / 8) return
      kept.set(key, { value, bytes, expiresAt })
      held += bytes
      for (const [oldest] of kept) {
        if (held <= maxBytes) break
        drop(oldest)
        evicted++
      }
    },
    get entries() {
      return kept.size
    },
    get bytes() {
      return held
    },
    get evicted() {
      return evicted
    },
  }
}
