import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Adapter, Bookmarks, Memory } from '../../src/adapter.ts'
import type { Log } from '../../src/log.ts'
import { createAnnouncer } from './announcer.ts'
import { createFetchFile } from './attachments.ts'
import { createCall } from './calls.ts'
import { type CatchUp, createCatchUp } from './catch-up.ts'
import { createComplaints } from './complaints.ts'
import { createEars } from './ears.ts'
import type { Gateway, GatewayEvents } from './gateway.ts'
import { createOffer, type Offer } from './offer.ts'
import { limits } from './outbound.ts'
import { createRefusals } from './refusals.ts'
import { createSpeech } from './speech.ts'

export interface DiscordOptions {
  token: string
  /** Where Discord's REST API is, without `/v10`; the gateway's address comes from there. */
  apiUrl?: string
  /** Ask for the privileged intent that shows messages which do not mention the bot; it must be switched on in the portal. */
  messageContent?: boolean
  /** The language for a person of whom Discord tells none; English if absent. */
  locale?: string
  memory: Memory
  /** Without them, what is said while the bot is away stays unheard. */
  bookmarks?: Bookmarks
  log: Log
}

/** Discord's names for the bot: its user, and the application that the user belongs to. */
interface Me {
  botId: string
  appId: string
}

/** From a start to its stop: it may be started again, when the gateway that took over has ended. */
interface Listening {
  stopping: AbortController
  catchUp: CatchUp | undefined
  gateway?: Gateway
}

/** Longest wait for the last bookmark at the end: without it, something is offered twice after the next start. */
const bookmarkMs = 1000

/** The Discord door: gateway in, REST out. */
export function createDiscordAdapter(options: DiscordOptions): Adapter {
  const { token, apiUrl, messageContent = false, locale = 'en', memory, bookmarks, log } = options
  const call = createCall(token, apiUrl)
  const refusals = createRefusals()
  const complaints = createComplaints({ call, memory, locale, log })
  const announcer = createAnnouncer({ call, memory, log })
  let listening: Listening | undefined
  let me: Me | undefined

  function ready(who: Me, offer: Offer, catchUp: CatchUp | undefined): void {
    me = who
    catchUp?.begin(who.botId, offer)
    log.info({ botId: who.botId }, 'connected to Discord')
    announcer.ready(who.appId)
  }

  return {
    platform: 'discord',
    limits,
    oneListener: createHash('sha256').update(token).digest('base64url').slice(0, 16),
    ...createSpeech({ call, refusals, complaints }),
    fetchFile: createFetchFile(call, apiUrl),
    async start(receive, formFor, signOfLife = (_, show) => show()) {
      const { openGateway } = await import('./gateway.ts')
      const stopping = new AbortController()
      const catchUp = bookmarks && createCatchUp({ bookmarks, call, log, stopping: stopping.signal })
      const mine: Listening = { stopping, catchUp }
      listening = mine
      const offer = createOffer(receive, message => catchUp?.kept(message), log, stopping.signal)
      const live = catchUp?.behindPast(offer) ?? offer
      const events: GatewayEvents = {
        ready: who => ready(who, offer, catchUp),
        guild: native => catchUp?.find(native),
        ...createEars({
          botId: () => me?.botId ?? '',
          call,
          offer: live,
          refusals,
          heard: complaints.heard,
          isQuiet: announcer.isQuiet,
          suggest: announcer.suggest,
          formFor,
          signOfLife,
          locale,
          log,
        }),
      }
      mine.gateway = await openGateway({ token, messageContent, log, events, ...(apiUrl ? { apiUrl } : {}) })
      if (stopping.signal.aborted) await mine.gateway.close()
    },
    async stop() {
      listening?.stopping.abort()
      await listening?.gateway?.close()
      await Promise.race([listening?.catchUp?.settled(), sleep(bookmarkMs, undefined, { ref: false })])
    },
    announce: announcer.announce,
  }
}
