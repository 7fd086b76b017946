import type { Update } from 'grammy/types'
import { type Api, GrammyError } from 'grammy/web'
import { RateLimited } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import { isCode, toHouseError } from './errors.ts'
import type { Me } from './inbound.ts'
import type { Notebook } from './notebook.ts'

/** How updates come in: asked for (polling), or brought by Telegram (webhook). */
export interface Intake {
  /** Resolves when Telegram has answered, or could not be reached for the first time; it then goes on trying. Throws ConfigError. */
  start(): Promise<void>
  /** Takes nothing more, and waits for an update that is being taken. */
  stop(): Promise<void>
}

export interface IntakeOptions {
  api: Api
  log: Log
  callMs: number
  notebook: Notebook
  /** The updates of one message, usually one. When it rejects, they are offered again, and none after them before. */
  take(updates: Update[], me: Me): Promise<void>
}

export const wanted = ['message', 'edited_message', 'callback_query', 'my_chat_member'] as const

export class NotTaken extends Error {
  constructor(cause: unknown) {
    super(reason(cause))
  }
}

/** 404 is Telegram's answer to a token that is none by its form. */
export const isRefused = (error: unknown) => isCode(error, 401) || isCode(error, 404)

export function explain(error: unknown): string {
  if (error instanceof NotTaken) return `an update could not be kept and is asked for again: ${error.message}`
  if (error instanceof GrammyError && isRefused(error)) {
    return `Telegram refused TELEGRAM_TOKEN (${error.error_code} ${error.description}): copy the token that @BotFather shows for your bot under /mybots → API Token`
  }
  if (error instanceof GrammyError && isCode(error, 409)) {
    return error.description.includes('webhook')
      ? 'another program has set a webhook for the same TELEGRAM_TOKEN (409): stop it, or give each its own bot'
      : 'another program polls Telegram with the same TELEGRAM_TOKEN (409): stop it, or give each its own bot'
  }
  return `${toHouseError(error).message}; trying again until it answers`
}

/** How long to wait before the next attempt: ever longer, or as long as Telegram says. */
export function createPatience() {
  let pauseMs = firstPauseMs
  return {
    after(error: unknown): number {
      const asked = toHouseError(error)
      const ms = asked instanceof RateLimited ? asked.retryAfterMs : pauseMs
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      return ms
    },
    renew() {
      pauseMs = firstPauseMs
    },
  }
}

const firstPauseMs = 300
const longestPauseMs = 20_000

export type Trouble = ReturnType<typeof createTrouble>

/** Says what is wrong once, however often it is tried, and once that it is over. */
export function createTrouble(log: Log) {
  const troubles = new Map<string, string>()
  return {
    began(what: string, why: string) {
      if (troubles.get(what) !== why) log.warn({ why }, 'Telegram: trouble with receiving')
      troubles.set(what, why)
    },
    ended(what: string) {
      if (troubles.delete(what)) log.info({}, `Telegram: ${what} works again`)
    },
  }
}
