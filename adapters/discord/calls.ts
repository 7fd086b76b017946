import { setTimeout as sleep } from 'node:timers/promises'
import { DiscordAPIError, HTTPError, RateLimitError, REST, RESTEvents } from 'discord.js'
import type { OutFile } from '../../src/adapter.ts'
import { ConfigError, Gone, RateLimited, Refused } from '../../src/errors.ts'
import { reason } from '../../src/log.ts'

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT'

interface CallOptions {
  body?: object
  /** They go up beside the body, which names each by its place in the list. */
  files?: OutFile[]
  /** False for the routes that carry an interaction's token: Discord counts those apart and wants no bot token there. */
  auth?: boolean
  /** Never sent a second time, whatever became of the first. */
  once?: boolean
}

/**
 * One REST call; answers with what Discord answered. Throws RateLimited at once, also when the headers of an earlier answer
 * say that the next call would be refused; Gone; ConfigError for a refused token; an Error with no secret in it otherwise.
 * A call without an answer is sent again, for it may be repeated without harm: whoever posts adds a nonce. Edits and what is marked
 * `once` are not: an edit that is sent again late would overwrite a newer one, so only who knows the newest text may repeat it.
 */
export type Call = (method: Method, route: `/${string}`, options?: CallOptions) => Promise<unknown>

export const tokenRefused =
  'Discord refused the bot token: copy it anew from https://discord.com/developers/applications (Bot → Reset Token) into DISCORD_TOKEN.'

/** "You lack permissions to perform that action", and "Missing Access": the bot may not even see the place. */
export const missingPermissions = 50013
export const missingAccess = 50001

/** "This interaction has hit the maximum number of follow up messages": five, where the bot is no member. */
export const noMoreFollowUps = 40094

/** What the codes mean that leave nothing to speak to (Discord's "JSON Error Codes"). */
const goneCodes = new Set<unknown>([
  10003, // unknown channel
  10004, // unknown guild
  10008, // unknown message
  10015, // unknown webhook: the interaction is over
  noMoreFollowUps,
  missingAccess,
  50007, // this person takes no DMs from the bot
  missingPermissions,
  50027, // the interaction's token has expired
  50083, // the thread is archived
  160005, // the thread is locked
])

/** "Maximum number of edits to messages older than 1 hour": how long its quota takes to grow back is not documented. */
const tooManyOldEdits = { code: 30046, waitMs: 30_000 }

/** "Request entity too large": the limit differs by guild, and who is in front of Discord may refuse without a code. */
const tooLarge = 413

/** A file of 10 MiB takes a slow line a minute; nothing else may take so long. */
const timeoutsMs = { call: 15_000, upload: 120_000 }

/** Before each further attempt. */
const pausesMs = [100, 500, 2000]

export function createCall(token: string, apiUrl: string | undefined): Call {
  const options = { retries: 0, rejectOnRateLimit: () => true, timeout: timeoutsMs.upload }
  const rest = new REST({ ...(apiUrl ? { api: apiUrl } : {}), ...options }).setToken(token)
  let refusals = 0
  rest.on(RESTEvents.Response, (_request, { status }) => {
    if (status === 429) refusals++
  })
  return async (method, fullRoute, { body, files = [], auth = true, once = method === 'PATCH' } = {}) => {
    for (let attempt = 0; ; attempt++) {
      const before = refusals
      try {
        return await rest.request({
          method: method as Parameters<typeof rest.request>[0]['method'],
          fullRoute,
          auth,
          ...(body ? { body } : {}),
          ...(files.length > 0 ? { files: files.map(toRaw) } : { signal: AbortSignal.timeout(timeoutsMs.call) }),
        })
      } catch (error) {
        rest.setToken(token) // the library forgets it after a 401
        const pauseMs = once ? undefined : pausesMs[attempt]
        if (pauseMs === undefined || !isUnanswered(error)) throw translate(error, method, refusals === before)
        await sleep(pauseMs)
      }
    }
  }
}

const toRaw = ({ name, mime, data }: OutFile) => ({ name, data, contentType: mime })

/** Discord's code for what went wrong, where it told one. */
export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** The bot lacks a permission: asking again changes nothing. */
export const isForbidden = (error: unknown) => [missingAccess, missingPermissions].some(code => code === codeOf(error))

/** The call may have been carried out or not: a 5xx, a time-out, or a socket that was closed under it. */
function isUnanswered(error: unknown): boolean {
  if (error instanceof HTTPError) return error.status >= 500
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  return error.name === 'AbortError' || code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
}

/** The library's own errors hold the whole request: its text, and in its URL an interaction's token. Only words leave here. */
function translate(error: unknown, method: Method, foretold: boolean): Error {
  if (error instanceof RateLimitError) return new RateLimited(Math.ceil(error.retryAfter), foretold)
  if (error instanceof HTTPError) return new Error(`Discord answered ${method} with ${error.status}`)
  if (!(error instanceof DiscordAPIError)) return new Error(`no answer from Discord: ${reason(error)}`)
  const said = `Discord answered ${method} with ${error.status}, code ${error.code}: ${error.message.replaceAll('\n', ' ')}`
  if (error.code === tooManyOldEdits.code) return new RateLimited(tooManyOldEdits.waitMs)
  if (error.status === 401 && !goneCodes.has(error.code)) return new ConfigError(tokenRefused)
  return Object.assign(new (kindOf(error))(said), { code: error.code })
}

function kindOf({ code, status }: DiscordAPIError) {
  if (goneCodes.has(code)) return Gone
  return status === 400 || status === tooLarge ? Refused : Error
}
