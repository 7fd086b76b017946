import type { Notice } from './agent/events.ts'
import { ModelError } from './errors.ts'
import { errorId, type Log, reason } from './log.ts'
import type { Message } from './message.ts'
import { UsedUp } from './paying.ts'
import { TurnEnded } from './turns.ts'

const endings = { stop: 'stopped', restart: 'stopped', withdraw: 'withdrawn', interrupt: 'interrupted' } as const

/** What a person is told of a turn that `ended` so, or that failed with `error`. */
export function endingOf(ended: unknown, error: unknown, message: Message, log: Log): Notice {
  if (error instanceof UsedUp) return { kind: 'used-up', limit: error.limit }
  if (!(ended instanceof TurnEnded)) return failure(error, message, log)
  return { kind: endings[ended.how] }
}

const notRetried = [
  'step-limit',
  'time-limit',
  'token-limit',
  'summed-up',
  'used-up',
  'nearly-used-up',
  'stopped',
  'withdrawn',
  'interrupted',
]

/** Not after a limit, which is an answer, nor after what somebody wished. */
export const mayBeRetried = ({ kind }: Notice) => !notRetried.includes(kind)

/** Told and logged under the same id. */
export function noText({ id, conversation }: Message, log: Log): Notice {
  const error = errorId()
  log.error({ error, conversation, message: id }, 'the model ended without an answer')
  return { kind: 'no-text', id: error }
}

/** Told and logged under the same id. */
export function setAside({ id, conversation }: Message, log: Log): Notice {
  const error = errorId()
  log.error({ error, conversation, message: id }, 'a message was set aside: its workers died over it')
  return { kind: 'set-aside', id: error }
}

function failure(error: unknown, { id, conversation }: Message, log: Log): Notice {
  const errorIdentity = errorId()
  const facts = { error: errorIdentity, conversation, message: id, reason: reason(error) }
  if (error instanceof ModelError) {
    log.error(facts, 'the model could not answer')
    return { kind: 'model-failed', id: errorIdentity, what: error.message }
  }
  log.error({ ...facts, stack: error instanceof Error ? error.stack : undefined }, 'a turn failed')
  return { kind: 'failed', id: errorIdentity }
}
