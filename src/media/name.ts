import type { Sort } from './sniff.ts'

const longestName = 80

/** A name in one short line, with nothing in it that could be a path, steer a terminal, turn the direction of writing or end inline code. */
export function cleanName(wanted: string): string {
  const last = wanted.split(/[/\\]/).findLast(part => part.trim() !== '') ?? ''
  const plain = last
    .replace(/\s+/gu, ' ')
    .replace(/[\p{C}<>:"|?*`]/gu, '')
    .replace(/^[\s.]+/, '')
  return [...plain].slice(-longestName).join('').trim()
}

/** The name under which a file is posted: what was wanted, with an ending that fits what it is; else its sort and a number. */
export function fileName(wanted: string | undefined, { mime, endings }: Sort, number: number): string {
  const family = mime.split('/')[0] ?? ''
  const name = cleanName(wanted ?? '') || `${['image', 'audio', 'video'].includes(family) ? family : 'file'}-${number}`
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase()
  return ending !== undefined && endings.includes(ending) ? name : `${name}.${endings[0]}`
}
