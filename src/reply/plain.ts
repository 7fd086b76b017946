/**
 * Words of a server, in one line of at most `most` characters in which nothing is Markdown. A bracket that opens nothing needs no escape to close,
 * and `\[…\]` would be a formula.
 */
export function plain(text: string, most = 80): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return (line.length > most ? `${[...line].slice(0, most - 1).join('')}…` : line).replace(/[\\`*_~|<>[#]/g, '\\$&')
}
