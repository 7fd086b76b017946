// Goal 11: the client of the model at most 1.3 × the library with node:http behind it and the stream read by hand: 270 µs of CPU for a call of
// one token, and 1.3 µs for each further token.

import { silentLog } from '../../src/log.ts'
import type { Prompt } from '../../src/model.ts'
import { createOpenAiModel } from '../../src/models/openai.ts'
import type { Measure } from '../measure.ts'
import { createLibraryModel } from '../peers/model-library.ts'
import { createTunedModel } from '../peers/model-tuned.ts'
import { column, each, interleave, type Run } from '../run.ts'
import { cpuOfEach } from '../timing.ts'
import { openWires } from '../wires/open-wires.ts'

type Ask = (text: string) => Promise<unknown>

interface Found {
  callUs: number
  tokenUs: number
}

const long = 2000

async function measureClient(ask: Ask, quick: boolean): Promise<Found> {
  const callUs = await cpuOfEach(quick ? 200 : 1000, () => ask('[tokens 1]'))
  const longUs = await cpuOfEach(quick ? 20 : 60, () => ask(`[tokens ${long}]`))
  return { callUs, tokenUs: (longUs - callUs) / (long - 1) }
}

function createOurs(baseUrl: string): Ask {
  const model = createOpenAiModel({ baseUrl, apiKey: 'bench', model: 'bench', log: silentLog })
  return async text => {
    const prompt: Prompt = { system: '', transcript: [{ role: 'user', text }], tools: [] }
    let said = ''
    for await (const event of model(prompt, new AbortController().signal)) if (event.type === 'text') said += event.delta
    return said
  }
}

export async function measureModelClient(run: Run): Promise<Measure[]> {
  const wires = await openWires()
  const [tuned, library] = [createTunedModel(wires.openaiUrl), createLibraryModel(wires.openaiUrl)]
  const asks = {
    T: (text: string) => tuned([{ role: 'user', content: text }], []),
    ours: createOurs(wires.openaiUrl),
    L: (text: string) => library([{ role: 'user', content: text }], []),
  }
  const warm = { ...run, reps: 1, tell() {} }
  const works = {
    T: () => measureClient(asks.T, run.quick),
    ours: () => measureClient(asks.ours, run.quick),
    L: () => measureClient(asks.L, run.quick),
  }
  await interleave(warm, works)
  const results = await interleave(run, works).finally(wires.close)
  const measure = (what: string, of: (found: Found) => number, atMost: number): Measure => ({
    ...{ goal: 11, what, unit: 'µs', bounds: [{ atMost }, { of: 'T', atMost: 1.3 }] },
    ours: each(results.ours, of),
    floors: column(results, ['T'], of),
    peers: column(results, ['L'], of),
  })
  return [
    measure("the model's client, CPU of a call of one token", ({ callUs }) => callUs, 270),
    measure("the model's client, CPU of a further token", ({ tokenUs }) => tokenUs, 1.3),
  ]
}
