// What the model says: texts in which every sentence has its number, so that none can be lost, doubled or moved unseen.

const topics = ['the queue', 'the pacer', 'the inbox', 'the journal', 'the card', 'the worker', 'the model', 'the history']

function sentences(from: number, count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index
    return `Sentence ${number} is about **${topics[number % topics.length]}**, and tells of it as plainly as *${number}* words allow.`
  }).join(' ')
}

function chinese(from: number, count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `第${from + index}句：机器人把答案**分成几条消息**，每一条都在句子的末尾断开，不会丢掉一个字。`,
  ).join('')
}

function code(lines: number): string {
  const body = Array.from(
    { length: lines },
    (_, index) => `  const line${index + 1} = await fetchPart(${index + 1}) // part ${index + 1} of ${lines}`,
  )
  return ['```ts', 'export async function whole() {', ...body, '}', '```'].join('\n')
}

function table(rows: number): string {
  const lines = Array.from({ length: rows }, (_, index) => `| 房间${index + 1} | guest ${index + 1} | ${(index + 1) * 17} |`)
  return ['| 名称 | Guest | Nights |', '|---|---|---:|', ...lines].join('\n')
}

/** Nine thousand characters, as a model writes a report. */
export const longAnswer = [
  '# Report 报告',
  sentences(1, 20),
  '## What the code does',
  code(40),
  sentences(101, 12),
  '## 房间一览',
  table(9),
  chinese(1, 30),
  '- 第一点：every list item stays whole',
  sentences(201, 18),
  '> A quotation, number 7, as the last thing before the end.',
  chinese(51, 20),
  'This is sentence 999, and the end.',
].join('\n\n')

/** So many tokens of about five characters, in paragraphs; of two names with different initials no two are the same. */
export function tokens(count: number, name: string): string {
  const words = Array.from({ length: count }, (_, index) => `${index % 8 === 0 ? name : name[0]}${index}`)
  const lines = Array.from({ length: Math.ceil(count / 40) }, (_, line) => `${words.slice(line * 40, line * 40 + 40).join(' ')}.`)
  return lines.join('\n\n')
}
