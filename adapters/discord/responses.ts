import { type APIInteraction, Routes } from 'discord.js'
import { type Log, reason } from '../../src/log.ts'
import { type Call, codeOf } from './calls.ts'

/** Discord's "Interaction has already been acknowledged": said when the first call arrived but its answer was lost. */
const alreadyAcknowledged = 40060

/** The first answer to an interaction, to be given within three seconds. */
export async function respond(call: Call, { id, token }: APIInteraction, body: object): Promise<void> {
  try {
    await call('POST', Routes.interactionCallback(id, token), { auth: false, body })
  } catch (error) {
    if (codeOf(error) !== alreadyAcknowledged) throw error
  }
}

/** Never throws: when it comes too late, the person reads that the bot did not respond, and the answer still goes into the channel. */
export async function acknowledge(call: Call, native: APIInteraction, body: object, log: Log): Promise<void> {
  await respond(call, native, body).catch((error: unknown) => {
    log.warn({ id: native.id, reason: reason(error) }, 'an interaction could not be acknowledged in time')
  })
}
