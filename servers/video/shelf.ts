import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Video {
  /** Names it in later calls. */
  id: string
  file: string
  title: string
  bytes: number
  /** Absent: ffprobe is not there to measure it. */
  seconds?: number
  width?: number
  height?: number
}

/** The videos of this process, in a folder of its own. */
export interface Shelf {
  readonly folder: string
  /** A new empty folder; `drop` removes it. */
  room(): string
  drop(room: string): void
  /** Keeps it until it is too old or pushed out by newer ones; `url` finds it again. */
  keep(url: string, video: Video): Video
  byUrl(url: string): Video | undefined
  /** By id, or by the path that was told. */
  byName(name: string): Video | undefined
  /** Removes everything; a room that is asked for later fails. */
  close(): void
}

const mostVideos = 10

/** Removes first what killed processes left in `folder`. */
export function createShelf(folder: string, ttlMs: number): Shelf {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  removeLeftovers(folder)
  const own = join(folder, `${process.pid}-${startOf(process.pid) ?? 0}`)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const kept = new Map<string, { video: Video; url: string; timer: NodeJS.Timeout }>()

  function remove(id: string): void {
    clearTimeout(kept.get(id)?.timer)
    kept.delete(id)
    rmSync(join(own, id), { recursive: true, force: true })
  }
  return {
    folder: own,
    room() {
      const room = join(own, randomUUID().slice(0, 8))
      mkdirSync(room, { mode: 0o700 })
      return room
    },
    drop: room => rmSync(room, { recursive: true, force: true }),
    keep(url, video) {
      kept.set(video.id, { video, url, timer: setTimeout(() => remove(video.id), ttlMs).unref() })
      const [oldest] = kept.keys()
      if (kept.size > mostVideos && oldest !== undefined) remove(oldest)
      return video
    },
    byUrl: url => [...kept.values()].find(one => one.url === url)?.video,
    byName: name => kept.get(name)?.video ?? [...kept.values()].find(({ video }) => video.file === name)?.video,
    close: () => rmSync(own, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/** The id of a video is the name of its room. */
export function idOf(room: string): string {
  return basename(room)
}

function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid, start] = /^(\d+)-(\d+)$/.exec(name) ?? []
    if (pid !== undefined && !lives(Number(pid), Number(start))) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

/** A number is given to another process some day, but not with the same start. */
function lives(pid: number, start: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  return pid !== process.pid && (start === 0 || startOf(pid) === start)
}

/** In ticks since the machine started (field 22 of proc_pid_stat(5)); undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined
  }
}
