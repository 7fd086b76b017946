import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type CallToolResult, Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const servers = join(import.meta.dirname, '../servers')

/** A web server on loopback that answers as the test says. */
export async function openSite(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: `http://${host}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export interface Called {
  ok: boolean
  text: string
  found: Record<string, unknown>
  content: CallToolResult['content']
  progress: { percent: number; message: string | undefined }[]
}

/** A bundled server in a process of its own, and a client of it. */
export async function openServer(name: 'video' | 'workbench', env: Record<string, string>, folder = servers) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(folder, name, `${name}.ts`)],
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stderr: 'pipe',
  })
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  return {
    client,
    kill: () => process.kill(transport.pid ?? 0, 'SIGKILL'),
    close: () => client.close(),
    async call(tool: string, args: Record<string, unknown>, signal?: AbortSignal): Promise<Called> {
      const progress: Called['progress'] = []
      const result = (await client.callTool(
        { name: tool, arguments: args },
        {
          onprogress: ({ progress: percent, message }) => progress.push({ percent, message }),
          resetTimeoutOnProgress: true,
          ...(signal && { signal }),
        },
      )) as CallToolResult
      const [block] = result.content
      const text = block?.type === 'text' ? block.text : ''
      const found = (result.structuredContent ?? {}) as Record<string, unknown>
      return { ok: !result.isError, text, found, content: result.content, progress }
    },
  }
}

export type Bundled = Awaited<ReturnType<typeof openServer>>

/** Programs that play yt-dlp and ffprobe, in a folder to be the first in PATH; `log` has each call of the first. */
export function playPrograms() {
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-media-'))
  const log = join(folder, 'calls.log')
  const write = (name: string, code: string) => {
    writeFileSync(join(folder, name), `#!${process.execPath}\n${code}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  write(
    'ffprobe',
    `console.log(JSON.stringify({ format: { duration: '12.5' }, streams: [{ codec_type: 'video', width: 640, height: 360 }] }))`,
  )
  write('ffmpeg', '')
  const videos = join(folder, 'videos')
  mkdirSync(videos)
  return {
    folder,
    videos,
    env: { PATH: [folder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), VIDEO_DIR: videos },
    /** `code` runs with `room` (its folder), `args`, `fs`, `join` and `cp` at hand. */
    play(code: string): void {
      rmSync(log, { force: true })
      write(
        'yt-dlp',
        `const fs = require('node:fs'), cp = require('node:child_process'), { join } = require('node:path'), args = process.argv.slice(2)
if (args[0] === '--version') { console.log('2026.01.01'); process.exit(0) }
const room = args[args.indexOf('--paths') + 1], jar = args.includes('--cookies') ? fs.readFileSync(args[args.indexOf('--cookies') + 1], 'utf8') : ''
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args, jar, env: process.env, pid: process.pid }) + '\\n')
${code}`,
      )
    },
    calls(): { args: string[]; jar: string; env: Record<string, string>; pid: number }[] {
      if (!existsSync(log)) return []
      return readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    },
    /** Every file that lies in the folder of videos. */
    files: () => globSync('**/*', { cwd: videos, withFileTypes: true }).filter(entry => entry.isFile()),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** A process that ended, but was not collected, does not live. */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
