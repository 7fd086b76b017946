import { isAdmin } from './admins.ts'
import { type Answer, type Ask, type Field, readField, type Values, type Wrong } from './ask.ts'
import { fence } from './fence.ts'
import type { Words } from './i18n/i18n.ts'
import type { Author, Conversation, Message, Press } from './message.ts'
import { type Audit, strangePress } from './permissions/audit.ts'
import type { Asks, OpenQuestion } from './queue/asks.ts'
import type { Jobs } from './queue/jobs.ts'
import type { Signals } from './queue/signals.ts'
import { hostOf, picksOf } from './reply/ask-card.ts'
import { plain } from './reply/plain.ts'

// How a person answers what a turn has asked: by a button, by a form, or by typing one field after the other.

export interface AnswerTools {
  asks: Asks
  jobs: Jobs
  signals: Signals
  audit: Audit
  /** `platform:native id` of each. */
  admins: string[]
}

/** What is to be said to who pressed: alone, or `openly` where it is to be replied to. */
export interface Told {
  text: string
  openly?: true
}

/** Undefined when the card tells all. */
export async function pressAnswer(press: Press, words: Words, tools: AnswerTools): Promise<Told | undefined> {
  const [token = ''] = press.token.split('.')
  const question = await tools.asks.find(press.conversation, token)
  if (!question || question.answer) return { text: words.askOver }
  if (!mayAnswer(question, press.author, tools)) {
    await tools.audit.add(strangePress(press, question.ask.text, question.ask.detail))
    return { text: words.askNotYours(plain(question.asker.name)) }
  }
  const isTyped = press.action === 'fill' && !press.fields
  const text = await (isTyped ? beginTyping(question, press.author, words, tools) : answerBy(press, question, words, tools))
  return text === undefined ? undefined : { text, ...(isTyped && { openly: true }) }
}

async function answerBy(press: Press, question: OpenQuestion, words: Words, tools: AnswerTools): Promise<string | undefined> {
  const at = Number(press.token.split('.')[1])
  const { ask } = question
  const give = (answer: Omit<Answer, 'by'>) => settle(question, { ...answer, by: press.author }, words, tools)
  switch (press.action) {
    case 'yes':
      return give({ how: 'yes' })
    case 'yes-here':
    case 'yes-always': {
      const scope = press.action === 'yes-here' ? 'here' : 'always'
      return ask.scopes?.includes(scope) ? give({ how: 'yes', scope }) : undefined
    }
    case 'no':
      return give({ how: 'no' })
    case 'link':
      return ask.url && words.askTheLink(hostOf(ask.url), ask.url)
    case 'pick': {
      const pick = picksOf(ask.fields)[at]
      return pick && give({ how: 'yes', values: { [ask.fields[0]?.name ?? '']: pick.value } })
    }
    case 'fill':
      return takeForm(question, press.fields ?? {}, press.author, words, tools)
    default:
      return undefined
  }
}

/** As `FormFor`, for the doors. */
export async function findForm({ conversation, author, token }: Press, tools: AnswerTools): Promise<Ask | undefined> {
  const question = await tools.asks.find(conversation, token)
  const isOpen = question && !question.answer && mayAnswer(question, author, tools)
  return isOpen && question.ask.kind === 'form' ? question.ask : undefined
}

export const isAnswer = ({ action }: Press) => ['yes', 'yes-here', 'yes-always', 'no', 'link', 'pick', 'fill'].includes(action)

/** The question whose next field this message fills in, if the person is typing one. */
export async function typingFor(
  { conversation, author, text }: Message,
  { asks }: AnswerTools,
): Promise<OpenQuestion | undefined> {
  if (text.trim() === '' || text.startsWith('/')) return undefined
  const question = await asks.last(conversation, author.id)
  return question?.filling && !question.answer ? question : undefined
}

/** Takes what was typed for the field that is asked for now; the next question, or thanks. */
export async function takeTyped(question: OpenQuestion, message: Message, words: Words, tools: AnswerTools): Promise<string> {
  const { ask, filling = { values: {}, at: 0 } } = question
  const field = ask.fields[filling.at]
  if (!field) return words.askOver
  const read = readField(field, message.text.trim() === '-' ? '' : message.text)
  if ('wrong' in read) return `${problemOf(field, read.wrong, words)}\n\n${askFor(question, filling.at, words)}`
  const values = { ...filling.values, ...(read.value !== undefined && { [field.name]: read.value }) }
  const next = filling.at + 1
  if (next < ask.fields.length) {
    await tools.asks.fill(question, message.author.id, values, next)
    return askFor(question, next, words)
  }
  return (await settle(question, { how: 'yes', values, by: message.author }, words, tools)) ?? words.askThanks
}

/** Ends the turn that waits for this person here, or for the question with this turn's token; false when none does. */
export async function stopWaiting(
  conversation: Conversation,
  author: Author,
  turn: string | undefined,
  tools: AnswerTools,
): Promise<boolean> {
  const { asks } = tools
  const question = await (turn === undefined ? asks.last(conversation, author.id) : asks.ofTurn(conversation, turn))
  if (!question || question.answer || !mayAnswer(question, author, tools)) return false
  await give(question, { how: 'stop', by: author }, tools)
  return true
}

/** Questions that nobody answered in time are answered by that, and their turns go on. */
export async function endOverdue(tools: Pick<AnswerTools, 'asks' | 'signals' | 'jobs'>): Promise<void> {
  for (const question of await tools.asks.overdue()) await give(question, { how: 'away' }, tools)
}

function mayAnswer({ conversation, asker }: OpenQuestion, author: Author, { admins }: AnswerTools): boolean {
  return asker.id === author.id || isAdmin(conversation, author, admins)
}

async function settle(question: OpenQuestion, answer: Answer, words: Words, tools: AnswerTools): Promise<string | undefined> {
  return (await give(question, answer, tools)) ? undefined : words.askOver
}

/** Wakes the worker that waits, or has one go on. */
async function give(
  question: OpenQuestion,
  answer: Answer,
  { asks, signals, jobs }: Pick<AnswerTools, 'asks' | 'signals' | 'jobs'>,
): Promise<boolean> {
  const { conversation } = question
  if (!(await asks.answer(question, answer))) return false
  await signals.send({ conversation, what: 'answered' })
  await jobs.ring(conversation)
  return true
}

async function takeForm(
  question: OpenQuestion,
  typed: Record<string, string>,
  by: Author,
  words: Words,
  tools: AnswerTools,
): Promise<string | undefined> {
  const values: Values = {}
  const problems: string[] = []
  for (const field of question.ask.fields) {
    const read = readField(field, typed[field.name] ?? '')
    if ('wrong' in read) problems.push(problemOf(field, read.wrong, words))
    else if (read.value !== undefined) values[field.name] = read.value
  }
  return problems.length > 0 ? problems.join('\n') : settle(question, { how: 'yes', values, by }, words, tools)
}

async function beginTyping(question: OpenQuestion, by: Author, words: Words, { asks }: AnswerTools): Promise<string | undefined> {
  if (question.ask.fields.length === 0) return undefined
  await asks.fill(question, by.id, {}, 0)
  return askFor(question, 0, words)
}

function askFor({ ask: { fields } }: OpenQuestion, at: number, words: Words): string {
  const field = fields[at]
  if (!field) return words.askOver
  const options = (field.options ?? []).map(({ label }, number) => `${number + 1}. ${plain(label)}`)
  const parts = [
    words.askNext(at + 1, fields.length, plain(field.label), field.required && field.preset === undefined),
    plain(field.hint ?? '', 500),
    options.length > 0 ? `${words.askOptions}\n${options.join('\n')}` : '',
    field.preset === undefined ? '' : fence(String(field.preset)),
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

function problemOf(field: Field, wrong: Wrong, words: Words): string {
  return words.askWrong(plain(field.label), words.askRules[wrong](words.askBounds(field.min, field.max)))
}
