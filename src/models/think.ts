/** Hides what a model thinks aloud between `<think>` and `</think>`, wherever the stream cuts the tags. */
export interface ThinkFilter {
  /** Returns what may be shown by now. */
  push(delta: string): string
  /** Returns what was held back until it was clear that no tag follows. */
  end(): string
}

const open = '<think>'
const close = '</think>'

export function createThinkFilter(): ThinkFilter {
  let held = ''
  let before = ''
  let thinking = false
  let shown = false

  /** Nothing visible begins with the empty lines that stood behind the thoughts. */
  function show(text: string): string {
    const seen = shown ? text : text.trimStart()
    shown ||= seen !== ''
    before = text.at(-1) ?? before
    return seen
  }

  function scan(): string {
    let out = ''
    for (;;) {
      const tag = thinking ? close : open
      const at = held.indexOf(tag)
      if (at < 0) return out + letGo(tag)
      const quoted = !thinking && (at > 0 ? held[at - 1] : before) === '`'
      if (thinking) held = held.slice(at + tag.length)
      else {
        out += show(held.slice(0, quoted ? at + tag.length : at))
        held = held.slice(at + tag.length)
      }
      if (!quoted) thinking = !thinking
    }
  }

  /** Without the tag in sight: what cannot be its beginning need not wait, unless it is thought after visible words. */
  function letGo(tag: string): string {
    if (thinking && shown) return ''
    const keep = tailThatMayBegin(tag, held)
    const free = held.slice(0, held.length - keep)
    held = held.slice(held.length - keep)
    return thinking ? '' : show(free)
  }

  return {
    push(delta) {
      if (!thinking && held === '' && shown && !delta.includes('<')) {
        before = delta.at(-1) ?? before
        return delta
      }
      held += delta
      return scan()
    },
    end() {
      // A tag in the middle of an answer that nothing closes was no thought but a word about it.
      const rest = thinking ? (shown ? open + held : '') : held
      held = ''
      thinking = false
      return show(rest)
    },
  }
}

function tailThatMayBegin(tag: string, text: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (tag.startsWith(text.slice(-length))) return length
  }
  return 0
}
