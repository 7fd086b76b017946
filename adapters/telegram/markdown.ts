import type { Definition, Nodes, PhrasingContent } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { cjkFriendlyExtension } from 'micromark-extension-cjk-friendly'
import { gfm } from 'micromark-extension-gfm'
import { deepenLists } from './nesting.ts'
import { meantBy } from './source.ts'

/** Markdown as models write it, read. */
export interface Parsed {
  nodes: Nodes[]
  /** The addresses of links by reference. */
  definitions: Map<string, string>
  /** The names that links by reference go by. */
  used: Set<string>
}

const syntax = {
  extensions: [gfm(), cjkFriendlyExtension()],
  mdastExtensions: [gfmFromMarkdown()],
}

/** Nobody means forty quotes within quotes, or bold in italics a hundred times over: it would only exhaust the parser and the stack. */
const tooDeep = /^(?:[ \t]*(?:>|[*+-][ \t]|\d+[.)][ \t])){40}|[*_~]{200}[^\s*_~]/m

/** Formulas are code that begins with `sign`. Undefined for what nobody means; throws for what exhausts the parser all the same. */
export function parse(source: string, sign = ''): Parsed | undefined {
  if (tooDeep.test(source)) return undefined
  const root = fromMarkdown(deepenLists(meantBy(source, sign)), syntax)
  const definitions = new Map(
    root.children
      .filter(isDefinition)
      .map((node): [string, string] => [node.identifier, node.url])
      .reverse(),
  )
  return { nodes: root.children, definitions, used: referredTo(root) }
}

const isDefinition = (node: Nodes): node is Definition => node.type === 'definition'

function referredTo(node: Nodes): Set<string> {
  if (node.type === 'linkReference' || node.type === 'imageReference') return new Set([node.identifier])
  return 'children' in node ? new Set(node.children.flatMap(child => [...referredTo(child)])) : new Set()
}

/** Shown where no link took it, such as when the link is in another part. */
export function showDefinition({ identifier, label, url }: Definition, { used, definitions }: Omit<Parsed, 'nodes'>): string {
  return used.has(identifier) && definitions.get(identifier) === url ? '' : `[${label ?? identifier}]: ${url}`
}

/** A paragraph line by line; `small`: its `-# `, the mark of small print on Discord, is taken away. One line where none is small. */
export function linesOf(children: PhrasingContent[]): { small: boolean; nodes: PhrasingContent[] }[] {
  if (!children.some(node => node.type === 'text' && /^-#[ \t]/m.test(node.value))) return [{ small: false, nodes: children }]
  const lines: PhrasingContent[][] = [[]]
  for (const node of children) {
    const [first = node, ...others] = node.type === 'text' ? node.value.split('\n').map(value => ({ ...node, value })) : [node]
    lines.at(-1)?.push(first)
    lines.push(...others.map(other => [other]))
  }
  return lines.map(line => {
    const [first, ...others] = line
    if (first?.type !== 'text' || !/^-#[ \t]/.test(first.value)) return { small: false, nodes: line }
    return { small: true, nodes: [{ ...first, value: first.value.slice(3) }, ...others] }
  })
}

/** Bars in pairs are pieces of their own: between two of them may be a spoiler. */
export const piecesOf = (text: string) => text.split(/(?<!\|)(\|\|)(?!\|)/).filter(piece => piece !== '')

/** Telegram itself makes these links. */
export const isSpelledOut = (label: string, url: string) => [label, `http://${label}`, `mailto:${label}`].includes(url)

/**
 * Telegram refuses the whole message for one address that it dislikes ("entity URL … is invalid: Wrong HTTP URL"): one without
 * a dot in its host, or of another scheme. It takes `tg://user?id=`, but that would ping the person.
 */
export function checkUrl(url: string): string | undefined {
  const parsed = URL.parse(url)
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return undefined
  return /[^.]\.[^.]/.test(parsed.hostname) ? parsed.href : undefined
}
