/** Discord shows the marks of a link that leads to no page, or whose words are an address themselves. */
export function renderLink(whole: string, label: string, target: string, inline: (words: string) => string): string {
  const url = target.replace(/^<|>$/g, '')
  const bare = label.trim()
  if (!/^https?:\/\//i.test(url)) {
    const place = url.replace(/^(?:mailto|tel):/, '')
    return place === '' || place === bare ? inline(label) : `${inline(label)} (${place})`
  }
  if (bare === '' || isSame(bare, url)) return `<${url}>`
  return `[${inline(label.replace(/https?:\/\//gi, ''))}]${whole.slice(label.length + 2)}`
}

const isSame = (label: string, url: string) => [label, `${label}/`, `https://${label}`].includes(url) && label.includes('://')
