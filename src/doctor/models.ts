import type { Finding } from '../adapter.ts'
import type { Config } from '../config/config.ts'
import { reason, silentLog } from '../log.ts'
import { createEmbedder } from '../models/embed.ts'
import { createTranscriber } from '../models/transcribe.ts'
import { type ModelTrial, tryModel } from '../models/trial.ts'

const patienceMs = 60_000

/** Asks every model that is named in the settings, each for as little as will tell. */
export async function checkModels(model: Config['model']): Promise<Finding[]> {
  if (!model)
    return [
      {
        state: 'doubtful',
        about: 'Model',
        found: 'none is set, so the small offline model answers',
        fix: 'put OPENAI_API_KEY or OPENAI_BASE_URL into .env, or run npm run setup',
      },
    ]
  const { names, small, transcribe, embed, ...endpoint } = model
  const chat = [...new Set([...names, ...(small === undefined ? [] : [small])])]
  const findings: Finding[] = []
  // One after the other: a machine of one's own loads each anew.
  for (const name of chat) findings.push(...ofTrial(name, await tryModel({ ...endpoint, model: name, log: silentLog })))
  const signal = AbortSignal.timeout(patienceMs)
  if (embed !== undefined) {
    const work = createEmbedder({ ...endpoint, model: embed, log: silentLog })(['ok'], signal)
    findings.push(await whether(`Model ${embed}`, 'makes vectors', 'EMBEDDING_MODEL', work))
  }
  if (transcribe !== undefined) {
    const recording = { name: 'silence.wav', mime: 'audio/wav', data: silence() }
    const work = createTranscriber({ ...endpoint, model: transcribe, log: silentLog })(recording, signal)
    findings.push(await whether(`Model ${transcribe}`, 'hears recordings', 'TRANSCRIBE_MODEL', work))
  }
  return findings
}

function ofTrial(name: string, { ok, error, streams, tools, latencyMs }: ModelTrial): Finding[] {
  const about = `Model ${name}`
  const mend = 'mend OPENAI_API_KEY, OPENAI_BASE_URL or MODEL in .env'
  if (!ok) return [{ state: 'broken', about, found: error ?? 'it does not answer', fix: mend }]
  const able = [streams && 'streams', tools === 'native' && 'calls tools'].filter(skill => skill !== false)
  const findings: Finding[] = [
    { state: 'good', about, found: `${['answers', ...able].join(', ')} (${(latencyMs / 1000).toFixed(1)} s)` },
  ]
  if (!streams)
    findings.push({
      state: 'doubtful',
      about,
      found: 'does not stream: its answers come in one piece, and nobody sees them grow',
      fix: 'switch buffering off in the proxy before it, or take an endpoint that streams',
    })
  if (tools === 'in-text')
    findings.push({
      state: 'doubtful',
      about,
      found: 'takes no tools: it is told of them in words, which works less well',
      fix: 'take a model that is made to call tools, or switch that on in its server',
    })
  if (tools === 'none')
    findings.push({
      state: 'broken',
      about,
      found: `did not call the tool that it was asked to call${error === undefined ? '' : `: ${error}`}`,
      fix: 'take a model that is made to call tools, or switch that on in its server',
    })
  return findings
}

async function whether(about: string, does: string, variable: string, work: Promise<unknown>): Promise<Finding> {
  try {
    await work
    return { state: 'good', about, found: does }
  } catch (error) {
    return { state: 'broken', about, found: reason(error), fix: `mend ${variable} in .env, or take it out` }
  }
}

const rate = 8000

/** A second of nothing: 16-bit PCM in one channel, behind the 44 bytes of a WAV header. */
function silence(): Uint8Array {
  const bytes = rate * 2
  const wav = Buffer.alloc(44 + bytes)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + bytes, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(rate * 2, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(bytes, 40)
  return wav
}
