import { statSync } from 'node:fs'
import { z } from 'zod'
import { run } from '../child.ts'
import { environmentIn, findProgram } from './programs.ts'
import type { Limits } from './ytdlp.ts'

export interface Facts {
  seconds: number
  width?: number
  height?: number
  fps?: number
  videoCodec?: string
  audioCodec?: string
}

/**
 * What ffmpeg may open: the file itself, and of formats only those that hold their own pictures. A playlist that calls itself .mp4
 * would otherwise read other files of this machine, or call addresses.
 */
export const onlyThisFile = [
  '-protocol_whitelist',
  'file',
  '-format_whitelist',
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,ogg,gif,asf,mp3,wav,aac,flac',
]

const answer = z.object({
  format: z.object({ duration: z.coerce.number().optional() }).default({}),
  streams: z
    .array(
      z.object({
        codec_type: z.string(),
        codec_name: z.string().optional(),
        width: z.number().optional(),
        height: z.number().optional(),
        avg_frame_rate: z.string().optional(),
        disposition: z.object({ attached_pic: z.number().optional() }).optional(),
      }),
    )
    .default([]),
})

/** Throws when ffprobe cannot make sense of the file. */
export async function probe(file: string, room: string, signal: AbortSignal): Promise<Facts> {
  const args = ['-v', 'error', ...onlyThisFile, '-show_format', '-show_streams', '-of', 'json', '-i', file]
  const order = { program: findProgram('ffprobe'), args, cwd: room, env: environmentIn(room), signal }
  const { code, stdout } = await run({ ...order, timeoutMs: 30_000, keepBytes: 1_000_000 })
  if (code !== 0) throw new Error('the file is no video that ffmpeg can read')
  const { format, streams } = answer.parse(JSON.parse(stdout))
  const picture = streams.find(({ codec_type, disposition }) => codec_type === 'video' && !disposition?.attached_pic)
  const sound = streams.find(({ codec_type }) => codec_type === 'audio')
  const fps = rate(picture?.avg_frame_rate)
  return {
    seconds: round(format.duration ?? 0),
    ...(picture?.width && { width: picture.width }),
    ...(picture?.height && { height: picture.height }),
    ...(fps > 0 && { fps }),
    ...(picture?.codec_name && { videoCodec: picture.codec_name }),
    ...(sound?.codec_name && { audioCodec: sound.codec_name }),
  }
}

/** What is told of a download. Without ffprobe only its size; a file that is no video, or too long a one, is an error. */
export async function measure(
  file: string,
  room: string,
  { mostSeconds }: Limits,
  signal: AbortSignal,
): Promise<{ bytes: number; seconds?: number; width?: number; height?: number }> {
  const bytes = statSync(file).size
  if (!isThere('ffprobe')) return { bytes }
  const { seconds, width, height } = await probe(file, room, signal)
  if (seconds > mostSeconds)
    throw new Error(`the video is ${Math.round(seconds)} seconds long, and ${mostSeconds} are allowed here`)
  return { bytes, seconds, ...(width && { width }), ...(height && { height }) }
}

function isThere(name: 'ffprobe'): boolean {
  try {
    return findProgram(name) !== ''
  } catch {
    return false
  }
}

/** `30000/1001` → 29.97 */
function rate(fraction = ''): number {
  const [over = 0, under = 0] = fraction.split('/').map(Number)
  return under > 0 ? round(over / under) : 0
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}
