import type { CallOptions, ToolProgress, ToolResult } from '../toolbox.ts'

/** Calls that are the same and run at the same time, made once. */
export interface Flights {
  /** Joins the call under way for `key`, or makes it. `joined` says which. */
  board(
    key: string,
    options: CallOptions,
    fly: (options: CallOptions) => Promise<ToolResult>,
  ): { joined: boolean; result: Promise<ToolResult> }
  /** Those under way are for who waits for them already; who comes later makes a new one. */
  closeDoors(isMeant: (key: string) => boolean): void
}

interface Flight {
  result: Promise<ToolResult>
  aboard: Set<CallOptions>
  ending: AbortController
}

export function createFlights(): Flights {
  const flights = new Map<string, Flight>()

  function start(key: string, fly: (options: CallOptions) => Promise<ToolResult>): Flight {
    const aboard = new Set<CallOptions>()
    const ending = new AbortController()
    const onProgress = (progress: ToolProgress) => {
      for (const one of aboard) one.onProgress(progress)
    }
    const result = fly({ signal: ending.signal, onProgress })
    const flight = { result, aboard, ending }
    flights.set(key, flight)
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    void result.then(land, land)
    return flight
  }

  return {
    board(key, options, fly) {
      const known = flights.get(key)
      const flight = known ?? start(key, fly)
      const lastOut = () => {
        flight.ending.abort(options.signal.reason)
        if (flights.get(key) === flight) flights.delete(key)
      }
      return { joined: known !== undefined, result: ride(flight, options, lastOut) }
    },
    closeDoors(isMeant) {
      for (const key of [...flights.keys()].filter(isMeant)) flights.delete(key)
    },
  }
}

/** One who is cancelled leaves alone; the call itself ends when the last one has left. */
function ride({ result, aboard }: Flight, options: CallOptions, lastOut: () => void): Promise<ToolResult> {
  const { signal } = options
  aboard.add(options)
  return new Promise((resolve, reject) => {
    const leave = () => {
      signal.removeEventListener('abort', onAbort)
      aboard.delete(options)
    }
    const onAbort = () => {
      leave()
      if (aboard.size === 0) lastOut()
      resolve({ ok: false, text: 'the call was cancelled' })
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    result.then(resolve, reject).finally(leave)
  })
}
