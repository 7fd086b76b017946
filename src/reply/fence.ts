/** A code fence that a text leaves open: how it began, and what closes it. */
export interface OpenFence {
  /** The opening line, with its language; of a very long one the beginning. */
  open: string
  close: string
}

/** What is repeated in the next part: a language, not a page of it. */
const longestOpening = 40

/** CommonMark 4.5: a fence is closed by at least as many of the same mark and nothing else on the line. */
export function openFence(markdown: string): OpenFence | undefined {
  let fence: OpenFence | undefined
  for (const line of markdown.split('\n')) {
    const [, mark = '', info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (mark === '') continue
    if (!fence)
      fence = mark.startsWith('`') && info.includes('`') ? undefined : { open: line.trim().slice(0, longestOpening), close: mark }
    else if (info.trim() === '' && mark.startsWith(fence.close)) fence = undefined
  }
  return fence
}
