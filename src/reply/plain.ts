/** Words of a server, in one line of at most `most` characters in which nothing is Markdown. */
export function plain(text: string, most = 80): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return (line.length > most ? `${[...line].slice(0, most - 1).join('')}…` : line).replace(/[\\`*_~|<>[\]#]/g, '\\$&')
}

/** A text as it is, in a block of code that nothing in it can end. */
export function fence(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const mark = '`'.repeat(longest + 1)
  return `${mark}${language}\n${text}\n${mark}`
}
