import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ffmpeg, type Studio } from './frames.ts'
import { onlyThisFile, round } from './probe.ts'

export interface Transcriber {
  baseUrl: string
  key: string | undefined
  model: string
}

export interface Shape {
  /** Seconds at which a new scene begins. */
  scenes: number[]
  /** Integrated, in LUFS (EBU R 128). */
  loudness?: number
  /** True peak, in dBFS. */
  peak?: number
}

/** Longer ones are looked at by key frames alone: a scene is then found where the next key frame is. */
const everyFrameSeconds = 300

/** One pass over picture and sound. `onProgress` hears a share between 0 and 1. */
export async function findShape(
  studio: Studio,
  { seconds, picture, sound }: { seconds: number; picture: boolean; sound: boolean },
  onProgress: (share: number) => void,
): Promise<Shape> {
  const scenes: number[] = []
  const onLine = (line: string) => {
    const done = /^out_time_us=(\d+)/.exec(line)?.[1]
    if (done && seconds > 0) onProgress(Math.min(1, Number(done) / 1e6 / seconds))
    const at = /pts_time:([\d.]+)/.exec(line)?.[1]
    if (at !== undefined && scenes.length < 500) scenes.push(round(Number(at)))
  }
  const filter = "scale=320:-2,select='gt(scene,0.3)',metadata=print:file=-"
  const ended = await ffmpeg(
    studio,
    [
      ...['-v', 'info', '-nostats', '-progress', 'pipe:1', ...onlyThisFile],
      ...(seconds > everyFrameSeconds ? ['-skip_frame', 'nokey'] : []),
      ...['-i', studio.file],
      ...(picture ? ['-map', '0:v:0', '-vf', filter, '-f', 'null', '-'] : []),
      ...(sound ? ['-map', '0:a:0', '-af', 'ebur128=peak=true:framelog=verbose', '-f', 'null', '-'] : []),
    ],
    onLine,
  )
  const summary = ended.stderr.slice(ended.stderr.lastIndexOf('Summary:'))
  const loudness = Number(/I:\s+(-?[\d.]+) LUFS/.exec(summary)?.[1] ?? Number.NaN)
  const peak = Number(/Peak:\s+(-?[\d.]+) dBFS/.exec(summary)?.[1] ?? Number.NaN)
  return { scenes, ...(!Number.isNaN(loudness) && { loudness }), ...(!Number.isNaN(peak) && { peak }) }
}

const answer = z.object({ text: z.string() })
const mostChars = 20_000

/** What is said in it. Throws with the status when the endpoint refuses. */
export async function transcribe(studio: Studio, { baseUrl, key, model }: Transcriber): Promise<string> {
  await ffmpeg(studio, [
    '-v',
    'error',
    ...onlyThisFile,
    '-i',
    studio.file,
    '-vn',
    '-ac',
    '1',
    '-ar',
    '16000',
    '-b:a',
    '48k',
    'speech.mp3',
  ])
  const form = new FormData()
  form.set('model', model)
  form.set('file', await openAsBlob(join(studio.room, 'speech.mp3'), { type: 'audio/mpeg' }), 'speech.mp3')
  const response = await fetch(`${baseUrl.replace(/\/$/, '')}/audio/transcriptions`, {
    method: 'POST',
    headers: key ? { authorization: `Bearer ${key}` } : {},
    body: form,
    signal: AbortSignal.any([studio.signal, AbortSignal.timeout(studio.timeoutMs)]),
  })
  if (!response.ok) throw new Error(`the transcription endpoint refused it (HTTP ${response.status})`)
  const { text } = answer.parse(await response.json())
  return text.length > mostChars ? `${text.slice(0, mostChars)}… (${text.length} characters)` : text
}
