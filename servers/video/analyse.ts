import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { grabAll, makeSheet, type Studio, spread } from './frames.ts'
import { findShape, type Transcriber, transcribe } from './listen.ts'
import { type Facts, probe, round } from './probe.ts'
import type { Video } from './shelf.ts'
import type { Limits } from './ytdlp.ts'

export const analysis = z.object({
  id: z.string(),
  title: z.string(),
  seconds: z.number().describe('How long it is'),
  width: z.number().optional(),
  height: z.number().optional(),
  fps: z.number().optional(),
  video_codec: z.string().optional(),
  audio_codec: z.string().optional().describe('Absent: it has no sound'),
  bytes: z.number(),
  scene_changes: z.array(z.number()).describe('Seconds at which a new scene begins'),
  loudness_lufs: z.number().optional(),
  peak_dbfs: z.number().optional(),
  sheet_seconds: z.array(z.number()).describe('The second of each frame on the contact sheet, the first picture, row by row'),
  frame_seconds: z.array(z.number()).describe('The second of each single frame, the pictures behind the sheet'),
  transcript: z.string().optional(),
  transcript_missing: z.string().optional().describe('Why there is no transcript'),
  asked: z.string().optional().describe('The question, as it was given'),
})

export interface Findings {
  facts: z.infer<typeof analysis>
  sheet: Buffer | undefined
  frames: Buffer[]
}

interface AnalyserOptions {
  limits: Limits
  transcriber: Transcriber | undefined
}

/** Hears which phase is under way, and the share of the whole that is done, between 0 and 1. */
export type OnPhase = (phase: string, share: number) => void

const mostFrames = 4

/** Looks at a video of the shelf. What it needs for the time being lies in a folder beside it and is removed. */
export async function analyse(
  video: Video,
  { limits, transcriber }: AnalyserOptions,
  signal: AbortSignal,
  onPhase: OnPhase,
): Promise<Findings> {
  const room = join(video.file, '..', `look-${process.hrtime.bigint()}`)
  mkdirSync(room, { mode: 0o700 })
  const studio: Studio = { file: video.file, room, signal, timeoutMs: limits.timeoutMs }
  try {
    onPhase('format', 0)
    const seen = await probe(video.file, room, signal)
    onPhase('scenes and sound', 0.05)
    const content = { seconds: seen.seconds, picture: seen.videoCodec !== undefined, sound: seen.audioCodec !== undefined }
    const shape = await findShape(studio, content, share => onPhase('scenes and sound', 0.05 + share * 0.45))
    onPhase('frames', 0.5)
    const sheet = content.picture
      ? await makeSheet(studio, seen.seconds, share => onPhase('frames', 0.5 + share * 0.2))
      : undefined
    const frames = content.picture ? await grabAll(studio, pickFrames(shape.scenes, seen.seconds)) : []
    const speech = await hear(studio, seen, transcriber, onPhase)
    return {
      facts: {
        ...factsOf(video, seen),
        scene_changes: shape.scenes,
        ...(shape.loudness !== undefined && { loudness_lufs: shape.loudness }),
        ...(shape.peak !== undefined && { peak_dbfs: shape.peak }),
        sheet_seconds: (sheet?.seconds ?? []).map(round),
        frame_seconds: frames.map(({ second }) => round(second)),
        ...speech,
      },
      sheet: sheet?.jpeg,
      frames: frames.map(({ jpeg }) => jpeg),
    }
  } finally {
    rmSync(room, { recursive: true, force: true })
  }
}

function factsOf({ id, title, bytes }: Video, { seconds, width, height, fps, videoCodec, audioCodec }: Facts) {
  return {
    id,
    title,
    bytes,
    seconds,
    ...(width && { width }),
    ...(height && { height }),
    ...(fps && { fps }),
    ...(videoCodec && { video_codec: videoCodec }),
    ...(audioCodec && { audio_codec: audioCodec }),
  }
}

/** The middles of the four longest scenes; of one long scene, four that are evenly spread. */
function pickFrames(changes: number[], seconds: number): number[] {
  const bounds = [0, ...changes.filter(at => at > 0 && at < seconds), seconds]
  const scenes = bounds.slice(1).map((end, at) => ({ middle: (end + (bounds[at] ?? 0)) / 2, length: end - (bounds[at] ?? 0) }))
  if (scenes.length < mostFrames) return spread(seconds, mostFrames)
  const longest = scenes.toSorted((a, b) => b.length - a.length).slice(0, mostFrames)
  return longest.map(({ middle }) => middle).toSorted((a, b) => a - b)
}

/** A transcript that cannot be had is told and does not spoil the rest. */
async function hear(
  studio: Studio,
  { audioCodec }: Facts,
  transcriber: Transcriber | undefined,
  onPhase: OnPhase,
): Promise<{ transcript?: string; transcript_missing?: string }> {
  if (audioCodec === undefined) return { transcript_missing: 'it has no sound' }
  if (!transcriber) return { transcript_missing: 'no TRANSCRIBE_MODEL is set here' }
  onPhase('speech', 0.75)
  let share = 0.75
  const alive = setInterval(() => {
    share += (1 - share) / 20
    onPhase('speech', share) // so that nobody takes the wait for silence
  }, 5000)
  try {
    return { transcript: await transcribe(studio, transcriber) }
  } catch (error) {
    studio.signal.throwIfAborted()
    return { transcript_missing: error instanceof Error ? error.message : String(error) }
  } finally {
    clearInterval(alive)
  }
}
