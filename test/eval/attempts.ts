import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBody } from '../../adapters/discord/body.ts'
import { toTelegram } from '../../adapters/telegram/outbound.ts'
import type { WireBody } from '../wire/openai.ts'
import type { Scenario } from './scenario.ts'

/** Somebody tries to speak through what the model reads; the scripted model obeys. */
export interface Attempt extends Scenario {
  where: string
  trick: string
  /** Where it stands in what the model is sent. */
  stands: string
  /** What the house prevents, and what only the model can. */
  prevents: string
  /** What is seen in the chat. */
  chat: string
  /** Patterns of what the model is sent, with `--- role` above each message. */
  sent: string[]
  unsent?: string[]
  /** Names of tools that did run: nothing of the house stops them. */
  ran?: string[]
  /** How often tools ran. */
  ranTimes?: Record<string, number>
  /** Patterns of the reply as both platforms are given it. */
  seen: string[]
  unseen?: string[]
}

export function attempts(): Attempt[] {
  const all = JSON.parse(readFileSync(join(import.meta.dirname, 'attempts.json'), 'utf8')) as Attempt[]
  return all.map(one => ({ ...one, category: 'attempts' }))
}

/** All that the model was sent last, as a text. */
export function toldTo(sent: WireBody[]): string {
  const { messages = [], tools = [] } = sent.at(-1) ?? {}
  const parts = messages.map(({ role, content, tool_call_id: id }) => {
    const told = typeof content === 'string' ? content : JSON.stringify(content)
    return `--- ${role}${id === undefined ? '' : ` (tool_call_id ${id})`}\n${told}`
  })
  return [...parts, `--- tools\n${JSON.stringify(tools)}`].join('\n')
}

/** The reply as Discord and Telegram are given it. */
export function givenToPlatforms(reply: string): string {
  const { content, allowed_mentions: mentions, flags } = toBody({ text: reply, buttons: [], final: true })
  const { text, entities } = toTelegram(reply)
  return [
    `discord: ${content}`,
    `allowed_mentions: ${JSON.stringify(mentions)}`,
    `flags: ${flags}`,
    `telegram: ${text}`,
    `telegram entities: ${JSON.stringify(entities.filter(({ type }) => type !== 'italic'))}`,
  ].join('\n')
}

/** As a table in Markdown. */
export function attemptsTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = attempts().map(({ where, trick, stands, prevents, chat }, at) => [
    String(at + 1),
    where,
    trick,
    stands,
    prevents,
    chat,
  ])
  const head = ['#', 'where', 'what it tries', 'where it stands for the model', 'what prevents it', 'what is seen in the chat']
  return [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n')
}
