import type { Adapter } from './adapter.ts'
import type { AgentEvent, Notice } from './agent/events.ts'
import { readMoreName } from './agent/long-results.ts'
import { searchToolsName } from './agent/tool-search.ts'
import { Parked } from './errors.ts'
import { type Message, platformOf } from './message.ts'
import { houseServer, type Model } from './model.ts'
import type { Final, TurnRecord } from './queue/journal.ts'
import { LeaseLost } from './queue/lease.ts'
import type { View } from './reply/view.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import { createRecorder, type TurnEnding } from './telemetry/turn-report.ts'
import type { Account } from './terms.ts'
import type { Toolbox } from './toolbox.ts'
import { type Turn, TurnEnded } from './turns.ts'

/** Notes what a turn does, for operators. Nothing waits for it, and nothing can fail by it. */
export interface Reporting {
  model: Model
  /** What the turn says by them is noted. */
  adapters: Map<string, Adapter>
  /** Notes what is shown from here on; what an earlier attempt did stands in its own report. */
  over(show: (event: AgentEvent) => void): (event: AgentEvent) => void
  /** Its messages are off the inbox. */
  finished(): void
  /** It does not end here. */
  failed(error: unknown): void
  end(view: View): void
}

interface ReportingTools {
  adapters: Map<string, Adapter>
  toolbox: Pick<Toolbox, 'resolve'>
  modelName?: string
  telemetry?: Telemetry
}

export function openReporting(
  message: Message,
  record: TurnRecord,
  turn: Pick<Turn, 'wasHandedOver'>,
  account: Account,
  { adapters, toolbox, modelName = 'unnamed', telemetry }: ReportingTools,
): Reporting {
  const recorder = createRecorder({
    message,
    worker: telemetry?.name ?? '',
    keptAt: record.keptAt,
    again: record.again || message.resumed === true,
    model: message.terms?.endpoint ? 'elsewhere' : modelName,
    resolve: name => toolbox.resolve(name) ?? (ofTheHouse.has(name) ? { name, server: houseServer } : undefined),
    onNews: () => setImmediate(tell), // with what begins beside it
  })
  const { report } = recorder
  const platform = platformOf(message.conversation)
  const adapter = adapters.get(platform)
  let without: TurnEnding | undefined
  let isFinished = false
  let endedAt: number | undefined

  function tell(): void {
    if (report.how === undefined) telemetry?.open(report)
  }
  return {
    model: recorder.model(account.model),
    adapters: adapter ? new Map([...adapters, [platform, recorder.adapter(adapter)]]) : adapters,
    over: show => event => {
      show(event)
      recorder.hear(event)
    },
    finished() {
      isFinished = true
      endedAt = Date.now()
    },
    failed(error) {
      without = endingWithout(error, turn)
    },
    end({ notices }) {
      const how = without ?? (record.final ? howOfFinal(record.final) : howOf(notices))
      const errorId = notices.map(notice => ('id' in notice ? notice.id : undefined)).find(Boolean)
      const { input, output } = account.spent().usage
      recorder.end(how, { tokens: { input, output }, errorId })
      if (endedAt !== undefined) report.endedAt = endedAt
      const isLost = isFinished && recorder.paints === 0 && !recorder.chatIsGone && how !== 'withdrawn'
      telemetry?.ended(report, isLost)
    },
  }
}

/** Those that a turn has beside its toolbox. */
const ofTheHouse = new Set([readMoreName, searchToolsName])

/** Of an attempt after which the messages are still there. */
function endingWithout(error: unknown, turn: Pick<Turn, 'wasHandedOver'>): TurnEnding {
  if (error instanceof Parked) return 'parked'
  if (error instanceof LeaseLost) return 'lost'
  if (error instanceof TurnEnded && error.how === 'restart') return 'restarted'
  return turn.wasHandedOver() ? 'handed-over' : 'broken'
}

/** Of an attempt that only delivers what another one has composed. */
const howOfFinal = ({ end, retry }: Final): TurnEnding => end?.how ?? (retry ? 'failed' : 'answered')

const endings: [TurnEnding, Notice['kind'][]][] = [
  ['set-aside', ['set-aside']],
  ['failed', ['failed', 'model-failed', 'no-text']],
  ['used-up', ['used-up']],
  ['withdrawn', ['withdrawn']],
  ['interrupted', ['interrupted']],
  ['stopped', ['stopped']],
  ['limit', ['step-limit', 'time-limit', 'token-limit']],
]

function howOf(notices: Notice[]): TurnEnding {
  const kinds = new Set(notices.map(({ kind }) => kind))
  return endings.find(([, those]) => those.some(kind => kinds.has(kind)))?.[0] ?? 'answered'
}
