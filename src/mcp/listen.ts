import { setTimeout as sleep } from 'node:timers/promises'
import {
  type McpSubscription,
  ProtocolError,
  type ServerCapabilities,
  type SubscriptionFilter,
} from '@modelcontextprotocol/client'
import type { Connection } from './connection.ts'
import { raceAbort } from './deadline.ts'
import { backOff } from './line.ts'
import { isSessionGone } from './retry.ts'

export interface ListenHooks<T> {
  /** Perhaps: the stream was away and is back, and what was told meanwhile went unheard. */
  onToolsChanged(): void
  /** As with tools. */
  onPromptsChanged(): void
  /** It turned out that the server has forgotten the whole session. */
  onForgotten(connection: T): void
  onComplaint(complaint: string): void
}

/** A stream that lived this long was a good one: the back-off begins anew. */
const goodLifeMs = 10_000

/** Keeps the stream open on which a server tells that what it has is other now. Ends with the connection or the signal; never rejects. */
export async function keepListening<T extends Connection>(
  connection: T,
  hooks: ListenHooks<T>,
  signal: AbortSignal,
): Promise<void> {
  const { client, streams } = connection
  hooks.onPromptsChanged() // what was told between two connections went unheard
  if (Object.keys(newsOf(client.getServerCapabilities())).length === 0) return
  const ended = AbortSignal.any([signal, signalOf(connection)])
  try {
    if (client.getProtocolEra() === 'modern') await keepSubscribed(connection, hooks, ended)
    else if (streams && (await keepStream(connection, streams, hooks, ended)) === 'forgotten') hooks.onForgotten(connection)
  } catch (error) {
    if (!ended.aborted) hooks.onComplaint(`it will not be heard when what it has changes: ${error}`)
  }
}

function signalOf({ closed }: Connection): AbortSignal {
  const control = new AbortController()
  void closed.then(() => control.abort())
  return control.signal
}

type Told = Pick<ListenHooks<Connection>, 'onToolsChanged' | 'onPromptsChanged' | 'onComplaint'>

/** Of what it says that it will tell. */
function newsOf({ tools, prompts, resources }: ServerCapabilities = {}): SubscriptionFilter {
  return {
    ...(tools?.listChanged && { toolsListChanged: true }),
    ...(prompts?.listChanged && { promptsListChanged: true }),
    ...(resources?.listChanged && { resourcesListChanged: true }),
  }
}

function lookAgain({ onToolsChanged, onPromptsChanged }: Told): void {
  onToolsChanged()
  onPromptsChanged()
}

/** From 2026 on: a request that stays open, which the SDK makes once and never again. */
async function keepSubscribed({ client }: Connection, hooks: Told, signal: AbortSignal): Promise<void> {
  let stream: McpSubscription | undefined = client.autoOpenedSubscription
  for (let failures = 0; ; failures++) {
    const since = performance.now()
    if (stream && (await raceAbort(stream.closed, signal)) === 'local') return
    if (stream && performance.now() - since > goodLifeMs) failures = 0
    await sleep(backOff(failures), undefined, { signal })
    stream = await client.listen(newsOf(client.getServerCapabilities()), { signal }).catch(error => {
      hooks.onComplaint(`its stream of changes could not be opened: ${error}`)
      return undefined
    })
    if (stream) lookAgain(hooks)
  }
}

/** The SDK opens it again twice by itself; a server that restarts takes longer. */
const sdkTriesForMs = 4000

/** Before 2026: a GET that stays open. */
async function keepStream(
  { client }: Connection,
  streams: NonNullable<Connection['streams']>,
  hooks: Told,
  signal: AbortSignal,
): Promise<'forgotten'> {
  let wake = () => {}
  streams.onBack(() => lookAgain(hooks))
  streams.onLost(() => wake())
  for (let failures = 0; ; ) {
    if (streams.state() !== 'lost') {
      failures = 0
      await raceAbort(new Promise<void>(resolve => (wake = resolve)), signal)
    }
    await sleep(failures === 0 ? sdkTriesForMs : backOff(failures), undefined, { signal })
    if (streams.state() !== 'lost') continue
    failures++
    const gone = await client.ping({ signal }).then(() => false, isForgotten)
    if (gone) return 'forgotten'
    await streams.open().catch(error => hooks.onComplaint(`its stream of changes could not be opened: ${error}`))
  }
}

/** That it does not know pings is an answer as well. */
function isForgotten(error: unknown): boolean {
  return !(error instanceof ProtocolError) && isSessionGone(error)
}
