import fc from 'fast-check'

/** A text as a model writes it, and what of it must be seen. */
export interface Doc {
  source: string
  /** Unlike each other, in the order in which they are read. */
  words: string[]
  /** Those that may be seen anywhere: of a table's head, of addresses. */
  strays: string[]
  /** What no cut may tear: links, inline code, rows of tables, emoji. */
  atoms: string[]
}

// In the pieces below `¤` becomes a word, `¥` a stray one, and ⟦…⟧ is an atom.
const word = fc.constant('¤')
/** Each is one character to a reader, and several to a machine. */
export const emoji = ['👩‍👩‍👧', '🇩🇪', '👍🏽', '❤️', '🏴‍☠️', '😀', '𝒳']
const emojis = fc.constantFrom(...emoji)
const link = fc.constantFrom(
  '⟦[¤ ¤](https://¥.example/a_(b)?c=*d*)⟧',
  '⟦[**¤**](https://¥.example)⟧',
  '⟦![¤](https://¥.example/c.png)⟧',
  '⟦[¤](./¥.md)⟧',
)
const code = fc.constantFrom('⟦`¤ ¤`⟧', '⟦`` ¤ ` ¤ ``⟧', '⟦`¤**¤`⟧')
const formula = fc.constantFrom('\\(¤_1 * ¤\\)', '$$¤^2$$', '$¤_i$', '\\[ \\frac{¤}{¤} \\]', 'for $5 or $6 ¤')
const address = fc.constantFrom(
  '⟦https://¥.example/a⟧',
  '见⟦https://¥.example/路⟧，¤',
  '**https://¥.example**。',
  '⟦https://¥.example⟧的¤',
)
const styled = fc.constantFrom(
  '**¤ ¤**',
  '*¤*',
  '_¤ ¤_',
  '~~¤~~',
  '||¤ ¤||',
  '***¤***',
  '**重要：**¤',
  '他说**“¤”**了',
  '**¤ *¤* ¤**',
  '**¤ `¤`**',
  '<b>¤</b>',
  '<kbd>¤</kbd>',
  '2*3*4 ¤',
  '<details>',
)
const odd = fc.constantFrom(
  '**',
  '`',
  '[',
  '](',
  '||',
  '*',
  '_',
  '~',
  '<',
  '&amp;',
  '\\*',
  '@everyone',
  '<@123>',
  '$',
  '。',
  '！',
  '<b>¤</b>',
  'a || b',
)
const run = fc.oneof({ weight: 8, arbitrary: word }, styled, link, address, code, formula, emojis)
const sentence = fc.array(run, { minLength: 1, maxLength: 8 }).map(parts => `${parts.join(' ')}.`)
const chinese = fc
  .array(fc.constantFrom('¤', '中文，', '**重要：**', '内容。', '“¤”', '⟦`¤`⟧'), { minLength: 1, maxLength: 14 })
  .map(parts => parts.join(''))
const paragraph = fc.oneof(
  { weight: 3, arbitrary: sentence },
  chinese,
  fc.array(sentence, { maxLength: 4 }).map(all => all.join(' ')),
)
const longLine = fc.oneof(
  fc.nat({ max: 400 }).map(count => `¤${'x'.repeat(count)}¤`),
  fc.nat({ max: 120 }).map(count => `¤${'字'.repeat(count)}¤`),
  fc.tuple(emojis, fc.nat({ max: 40 })).map(([one, count]) => `¤${one.repeat(count)}¤`),
)
const heading = fc.tuple(fc.integer({ min: 1, max: 6 }), sentence).map(([depth, title]) => `${'#'.repeat(depth)} ${title}`)
const codeLine = fc.constantFrom('¤ = ¤', '  ¤(¤)', '', '**¤**', '| ¤ | ¤ |', '---', '// 中文 ¤', '# ¤', '[¤](x)', '    ¤')
const fenced = fc
  .tuple(fc.constantFrom('```', '~~~', '````', '```ts', '~~~py', '```c++'), fc.array(codeLine, { maxLength: 12 }), fc.boolean())
  .map(([open, lines, nested]) => {
    const mark = /^[`~]+/.exec(open)?.[0] ?? ''
    const inside = nested && mark === '````' ? ['```', ...lines, '```'] : lines
    return [open, ...inside, mark].join('\n')
  })
const cell = fc.constantFrom('¤', '¤ ¤', '**¤**', '名称¤', '`¤`', '[¤](https://¥.example)', '😀 ¤', '', '\\(¤\\)')
const table = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 14 }))
  .chain(([columns, rows]) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
  )
  .map(rows => {
    const columns = rows[0]?.length ?? 2
    const head = `| ${Array.from({ length: columns }, () => '¥').join(' | ')} |\n|${' --- |'.repeat(columns)}`
    return [head, ...rows.map(row => `⟦| ${row.join(' | ')} |⟧`)].join('\n')
  })
const item = (marker: string) => fc.oneof(sentence, fc.constant('[ ] ¤'), fc.constant('[x] ¤')).map(text => `${marker} ${text}`)
const list = fc
  .tuple(
    fc.constantFrom('-', '*', '1.', '10.', '+'),
    fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 2), sentence), { minLength: 1, maxLength: 8 }),
    fc.constantFrom('', '  ', '    ', '\t'),
    fc.constantFrom('\n', '\n', '\n\n'),
  )
  .map(([marker, items, step, gap]) =>
    items.map(([depth, text]) => `${(step || ' '.repeat(marker.length + 1)).repeat(depth)}${marker} ${text}`).join(gap),
  )
const tasks = fc.array(item('-'), { minLength: 1, maxLength: 4 }).map(items => items.join('\n'))
const codeInList = fc
  .tuple(fenced, fc.constantFrom('1. ', '10. ', '- '))
  .map(([block, marker]) => `${marker}¤\n\n${block.replace(/^/gm, '   ')}\n\n   - ¤\n${marker}¤`)
const quote = fc.oneof(paragraph, list, fenced, table).map(block => block.replace(/^/gm, '> '))
const nested = paragraph.map(text => `> ¤\n>> ${text.replaceAll('\n', '\n>> ')}`)
const bigFormula = fc.constantFrom(
  '$$\n¤ + ¤\n= ¤\n$$',
  '\\[\n¤_1 \\\\\n- ¤\n\\]',
  '¤ \\[\n¤\n= ¤\n\\] ¤',
  '$$ ¤ $$',
  '$$ ¤\n¤ $$',
)
const rest = fc.constantFrom(
  '---',
  '***',
  '-# ¤ ¤',
  '<div>¤</div>',
  '[1]: https://¥.example',
  '¤[^1]\n\n[^1]: ¤',
  '¤  \n¤\\\n¤',
  '¤\n===',
  '¤\n---',
  '¤.\n---\n¤',
  '    ¤\n      ¤',
  '[¤][¤] ¤\n\n[1]: https://¥.example',
  '[¤ ¤][ref] ¤\n\n[ref]: https://¥.example',
  '> [!NOTE]\n> ¤',
)
const block = fc.oneof(
  { weight: 4, arbitrary: paragraph },
  heading,
  fenced,
  table,
  list,
  tasks,
  codeInList,
  quote,
  nested,
  bigFormula,
  longLine,
  rest,
)

const broken = fc.array(fc.oneof(run, odd), { minLength: 1, maxLength: 8 }).map(parts => parts.join(' '))

/** At most so many blocks of every kind that models write, all of them whole. */
export function wholeDocs(blocks: number): fc.Arbitrary<Doc> {
  return fc.array(block, { minLength: 1, maxLength: blocks }).map(all => read(all.join('\n\n')))
}

const calm = fc.constantFrom(
  '¤',
  '¤ ¤',
  '**¤ ¤**',
  '*¤*',
  '~~¤~~',
  '||¤ ¤||',
  '**¤ *¤* ¤**',
  '`¤`',
  '[¤](https://¥.example/x)',
  '**https://¥.example/x**',
  '\\(¤\\)',
  '$$¤$$',
)
const calmLine = fc.array(calm, { minLength: 1, maxLength: 5 }).map(all => all.join(' '))
const calmBlock = fc.oneof(
  { weight: 3, arbitrary: calmLine },
  calmLine.map(text => `## ${text}`),
  fc.array(calmLine, { minLength: 1, maxLength: 3 }).map(all => all.map(text => `- ${text}`).join('\n')),
  fc.array(calmLine, { minLength: 1, maxLength: 3 }).map(all => all.map((text, i) => `${i + 1}. ${text}`).join('\n')),
  calmLine.map(text => `> ${text}`),
  fc.constantFrom(
    '| ¥ | ¥ |\n|---|---|\n| ¤ | ¤ |\n| ¤ | ¤ |',
    '```ts\n¤\n\n  ¤\n```',
    '$$\n¤ + ¤\n$$',
    '- [ ] ¤\n- [x] ¤',
    '---',
  ),
)

/** Nothing in them but marks that mean something, so that a mark that is seen was not rendered. */
export function calmDocs(blocks: number): fc.Arbitrary<Doc> {
  return fc.array(calmBlock, { minLength: 1, maxLength: blocks }).map(all => read(all.join('\n\n')))
}

/** The same with marks that nobody closes; half of them end in the middle of something, as a stream does. */
export function brokenDocs(blocks: number): fc.Arbitrary<Doc> {
  const all = fc.array(fc.oneof({ weight: 3, arbitrary: block }, broken), { minLength: 1, maxLength: blocks })
  const end = fc.option(fc.nat({ max: 800 }), { freq: 2 })
  return fc.tuple(all, end).map(([blocks, cut]) => read(blocks.join('\n\n').slice(0, cut ?? undefined)))
}

/** Puts words into the template, and notes what they are. */
function read(template: string): Doc {
  let count = 0
  const words: string[] = []
  const strays: string[] = []
  const filled = template.replace(/[¤¥]/g, mark => {
    const name = `${mark === '¤' ? 'w' : 's'}${count++}q`
    if (mark === '¤') words.push(name)
    else strays.push(name)
    return name
  })
  const atoms = [...filled.matchAll(/⟦([^⟦⟧]*)⟧/g)].map(match => match[1] ?? '')
  return { source: filled.replace(/[⟦⟧]/g, ''), words, strays, atoms }
}
