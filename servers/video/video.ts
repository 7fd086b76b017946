#!/usr/bin/env node
// An MCP server that downloads and looks at videos, over stdio.
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { endAll, sweepAfterUs } from '../child.ts'
import { createGuard } from '../guard.ts'
import { createDownloader } from './download.ts'
import type { Transcriber } from './listen.ts'
import { createShelf, type Shelf } from './shelf.ts'
import { registerTools, type Workshop } from './tools.ts'

const help = `video: an MCP server that downloads and looks at videos, over stdio; it needs ffmpeg and yt-dlp (sh script/bootstrap --media)

  node servers/video/video.ts

Environment
  MAX_MB               the largest video, in megabytes (default 200)
  MAX_SECONDS          the longest video (default 1800)
  TIME_LIMIT_SECONDS   a download, or a look, that takes longer is stopped (default 600)
  VIDEO_DIR            where videos lie for a while (default a folder of its own among the temporary ones)
  VIDEO_TTL_SECONDS    for how long (default 3600); they are removed at the exit in any case
  TIKTOK_COOKIES       cookies for TikTok as a browser sends them: a=b; c=d
  COOKIES_FILE         a file of cookies as browsers export it, for other sites
  ALLOW_PRIVATE_HOSTS  hosts inside your network that may be called, with commas between
  TRANSCRIBE_MODEL     with OPENAI_API_KEY or OPENAI_BASE_URL: the model that writes down what is said

Tools      download_video, analyse_video
`

const instructions =
  'Videos by their address, from TikTok and most other sites. analyse_video does it all with a url; its pictures are the frames of the video.'

if (process.argv.some(argument => argument === '--help' || argument === '-h')) process.stdout.write(help)
else serve()

function serve(): void {
  const { shelf, ...rest } = openWorkshop()
  sweepAfterUs(shelf.folder)
  process.on('exit', () => {
    endAll()
    shelf.close()
  })
  // An exit runs the lines above, an unheard signal would not.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(0))
  process.stdin.on('close', () => process.exit(0))
  serveStdio(() => {
    const server = new McpServer({ name: 'video', title: 'Video', version: '1.0.0' }, { instructions })
    registerTools(server, { shelf, ...rest })
    return server
  })
}

function openWorkshop(): Workshop {
  const { env } = process
  const limits = {
    mostMb: amount('MAX_MB', 200),
    mostSeconds: amount('MAX_SECONDS', 1800),
    timeoutMs: amount('TIME_LIMIT_SECONDS', 600) * 1000,
  }
  const shelf = openShelf(resolve(env['VIDEO_DIR'] || join(tmpdir(), `bellhop-video-${userInfo().uid}`)))
  const allowed = (env['ALLOW_PRIVATE_HOSTS'] ?? '').split(',').map(host => host.trim())
  const guard = createGuard(allowed.filter(host => host !== ''))
  const cookies = {
    ...(env['COOKIES_FILE'] && { file: resolve(env['COOKIES_FILE']) }),
    ...(env['TIKTOK_COOKIES'] && { tiktok: env['TIKTOK_COOKIES'] }),
  }
  return { shelf, limits, downloader: createDownloader({ guard, shelf, limits, cookies }), transcriber: findTranscriber() }
}

function openShelf(folder: string): Shelf {
  try {
    return createShelf(folder, amount('VIDEO_TTL_SECONDS', 3600) * 1000)
  } catch (error) {
    return fail(`cannot use ${folder}: ${error instanceof Error ? error.message : error}`)
  }
}

function findTranscriber(): Transcriber | undefined {
  const { TRANSCRIBE_MODEL: model, OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: key } = process.env
  if (!model || !(baseUrl || key)) return undefined
  return { model, baseUrl: baseUrl || 'https://api.openai.com/v1', key }
}

function amount(name: string, fallback: number): number {
  const value = Number(process.env[name] || fallback)
  return value > 0 ? value : fail(`${name} must be a number above 0`)
}

function fail(sentence: string): never {
  process.stderr.write(`video: ${sentence}\n`)
  process.exit(1)
}
