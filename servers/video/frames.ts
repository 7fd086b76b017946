import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, run } from '../child.ts'
import { onlyThisFile } from './probe.ts'
import { environmentIn, findProgram } from './programs.ts'

export interface Studio {
  file: string
  /** Where pictures may be put for the time being. */
  room: string
  signal: AbortSignal
  timeoutMs: number
}

const sheetFrames = 9
const mostSheetBytes = 1_000_000

export async function ffmpeg(studio: Studio, args: string[], onLine?: (line: string) => void): Promise<Ended> {
  const { room, signal, timeoutMs } = studio
  const order = { program: findProgram('ffmpeg'), cwd: room, env: environmentIn(room), signal, timeoutMs, keepBytes: 500_000 }
  const whole = ['-nostdin', '-hide_banner', '-y', ...args]
  const ended = await run({ ...order, args: whole, ...(onLine && { onLine }) })
  if (ended.stopped === 'time') throw new Error(`ffmpeg took longer than ${timeoutMs / 1000} seconds and was stopped`)
  return ended
}

/** One frame as JPEG; undefined where there is none, as behind the end. */
async function grab(studio: Studio, second: number, width: number, name: string): Promise<string | undefined> {
  const { file, room } = studio
  const scale = `scale='min(${width},iw)':-2`
  const source = ['-v', 'error', '-ss', second.toFixed(2), ...onlyThisFile, '-i', file]
  await ffmpeg(studio, [...source, '-an', '-frames:v', '1', '-vf', scale, '-q:v', '4', name])
  return statSync(join(room, name), { throwIfNoEntry: false })?.size ? join(room, name) : undefined
}

/** Pictures of these seconds, with the second that each shows. */
export async function grabAll(studio: Studio, seconds: number[]): Promise<{ second: number; jpeg: Buffer }[]> {
  const found: { second: number; jpeg: Buffer }[] = []
  for (const [at, second] of seconds.entries()) {
    const path = await grab(studio, second, 768, `frame${at}.jpg`)
    if (path) found.push({ second, jpeg: readFileSync(path) })
  }
  return found
}

/** Up to nine frames, evenly spread, in one picture of at most 1 MB; undefined when there is nothing to see. */
export async function makeSheet(
  studio: Studio,
  seconds: number,
  onFrame: (share: number) => void,
): Promise<{ seconds: number[]; jpeg: Buffer } | undefined> {
  const { room } = studio
  const taken: number[] = []
  for (const second of spread(seconds, sheetFrames)) {
    if (await grab(studio, second, 426, `sheet${taken.length}.jpg`)) taken.push(second)
    onFrame(taken.length / sheetFrames)
  }
  if (taken.length === 0) return undefined
  const columns = Math.ceil(Math.sqrt(taken.length))
  const rows = Math.ceil(taken.length / columns)
  for (const [width, quality] of [
    [426, 4],
    [426, 10],
    [320, 16],
    [200, 24],
  ]) {
    const filter = `scale=${width}:-2,tile=${columns}x${rows}:padding=4:margin=4:color=white`
    await ffmpeg(studio, ['-v', 'error', '-i', 'sheet%d.jpg', '-frames:v', '1', '-vf', filter, '-q:v', `${quality}`, 'whole.jpg'])
    const jpeg = readFileSync(join(room, 'whole.jpg'))
    if (jpeg.length <= mostSheetBytes) return { seconds: taken, jpeg }
  }
  throw new Error('the contact sheet did not become small enough')
}

/** The middles of `count` equal parts. */
export function spread(seconds: number, count: number): number[] {
  const parts = Math.max(1, Math.min(count, Math.floor(seconds * 4)))
  return Array.from({ length: parts }, (_, i) => (seconds * (i + 0.5)) / parts)
}
