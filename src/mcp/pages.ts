/** The page of a list that was asked for by `cursor`, without the cursor that would lead on where a list must end. */
export type TurnPage = <T extends Record<string, unknown>>(cursor: string | undefined, page: T) => T

/** As many as the SDK walks before it throws all of them away. */
const maxPages = 64

/** Sees to it that every list ends: a server may lead from page to page in a circle, or for ever. */
export function createPages(report: (complaint: string) => void): TurnPage {
  /** For each cursor, the one of the page that named it; undefined: the first page did. */
  const namedBy = new Map<string, string | undefined>()

  /** The cursors that led here, the latest first. */
  function trail(cursor: string | undefined): string[] {
    const steps: string[] = []
    for (let at = cursor; at !== undefined && !steps.includes(at); at = namedBy.get(at)) steps.push(at)
    return steps
  }

  return (cursor, page) => {
    const { nextCursor: next, ...last } = page
    const before = trail(cursor)
    // Some send null or nothing in it where the list ends.
    const ends = typeof next !== 'string' || next === ''
    const circles = !ends && before.includes(next)
    if (!ends && !circles && before.length + 1 < maxPages) {
      namedBy.set(next, cursor)
      return page
    }
    if (circles) report('a list that leads back to one of its pages was ended there')
    else if (!ends) report(`a list of more than ${maxPages} pages was cut off`)
    for (const step of before) namedBy.delete(step)
    return last as typeof page
  }
}
