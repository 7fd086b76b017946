import { statfs } from 'node:fs/promises'
import { arch, availableParallelism, freemem, loadavg, platform, release, totalmem, uptime } from 'node:os'
import { z } from 'zod'

export const system = z.object({
  platform: z.string(),
  release: z.string(),
  arch: z.string(),
  processors: z.number(),
  load: z.array(z.number()).describe('Of the last 1, 5 and 15 minutes'),
  memory_mb: z.object({ total: z.number(), free: z.number() }),
  disk_mb: z.object({ total: z.number(), free: z.number() }).describe('Where the workbench lies'),
  up_hours: z.number(),
  node: z.string(),
})

/** What may be told to anybody: no name of the machine, of users, or of what else runs. */
export async function readSystem(folder: string): Promise<z.infer<typeof system>> {
  const disk = await statfs(folder)
  const megabytes = (bytes: number) => Math.round(bytes / 1_000_000)
  return {
    platform: platform(),
    release: release(),
    arch: arch(),
    processors: availableParallelism(),
    load: loadavg().map(load => Math.round(load * 100) / 100),
    memory_mb: { total: megabytes(totalmem()), free: megabytes(freemem()) },
    disk_mb: { total: megabytes(disk.blocks * disk.bsize), free: megabytes(disk.bavail * disk.bsize) },
    up_hours: Math.round(uptime() / 360) / 10,
    node: process.version,
  }
}
