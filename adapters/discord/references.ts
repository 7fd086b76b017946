const definition = /^ {0,3}\[(?!\^)([^[\]\n]+)\]:[ \t]+<?(https?:\/\/[^\s<>]+)>?(?:[ \t]+["'(].*)?$/

/** In this order: code, which is left alone; a link by reference, whose name may be its label. */
const reference = /(`+)(?!`)[^\n]*?[^`\n]\1(?!`)|(!?)\[((?:[^[\]\\\n]|\\.)+)\](?:\[([^[\]\n]*)\])/g

/** The lines with links in the place of references, of which Discord knows nothing, and without the addresses that this uses up. */
export function resolveReferences(lines: string[]): string[] {
  const isCode = codeIn(lines)
  const known = new Map<string, string>()
  lines.forEach((line, at) => {
    const { name, url } = (!isCode[at] && defined(line)) || {}
    if (name !== undefined && url !== undefined && !known.has(name)) known.set(name, url)
  })
  if (known.size === 0) return lines
  const used = new Set<string>()
  const resolve = (line: string) =>
    line.replace(reference, (whole, _code, image, label, name) => {
      const url = label === undefined ? undefined : known.get(nameOf(name || label))
      if (url === undefined) return whole
      used.add(nameOf(name || label))
      return `${image}[${label}](${url})`
    })
  const resolved = lines.map((line, at) => (isCode[at] ? line : resolve(line)))
  return resolved.filter((line, at) => {
    const { name = '', url } = defined(line) ?? {}
    return isCode[at] || !used.has(name) || known.get(name) !== url
  })
}

/** Which of the lines belong to a fence. */
function codeIn(lines: string[]): boolean[] {
  let open: string | undefined
  return lines.map(line => {
    const mark = /^[\s>]*(?:[-*+] |\d+[.)] )?(`{3,}|~{3,})/.exec(line)?.[1]
    const wasOpen = open !== undefined
    if (mark !== undefined && (open === undefined || mark.startsWith(open))) open = wasOpen ? undefined : mark
    return wasOpen || open !== undefined
  })
}

/** Of two definitions of a name the first counts. */
function defined(line: string): { name: string; url: string } | undefined {
  const [, name, url] = definition.exec(line) ?? []
  return name === undefined || url === undefined ? undefined : { name: nameOf(name), url }
}

const nameOf = (name: string) => name.trim().replace(/\s+/g, ' ').toLowerCase()
