import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { analyse, analysis, type Findings } from './analyse.ts'
import type { Downloader } from './download.ts'
import type { Transcriber } from './listen.ts'
import { findProgram } from './programs.ts'
import type { Shelf, Video } from './shelf.ts'
import type { Limits } from './ytdlp.ts'

export interface Workshop {
  shelf: Shelf
  downloader: Downloader
  limits: Limits
  transcriber: Transcriber | undefined
}

const url = z.string().min(1).max(2000).describe('Address of a video or of the page that shows it, such as a TikTok link')
const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }

const downloaded = z.object({
  id: z.string().describe('Pass it as file to analyse_video'),
  file: z.string().describe('Where it lies on the machine of this server, for a while'),
  title: z.string(),
  bytes: z.number(),
  seconds: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
})

export function registerTools(server: McpServer, workshop: Workshop): void {
  server.registerTool(
    'download_video',
    {
      title: 'Download video',
      description:
        'Download a video from TikTok, YouTube, X or any other site, or a plain link to a video file. Gives its id, title, duration, size and resolution. 下载视频。',
      inputSchema: z.object({ url }),
      outputSchema: downloaded,
      annotations: { title: 'Download video', ...annotations },
    },
    (input, context) => answer(() => download(workshop, input.url, context)),
  )
  server.registerTool(
    'analyse_video',
    {
      title: 'Analyse video',
      description:
        'Analyse (understand, describe, summarise) a video from its url, or one that download_video has downloaded: length, resolution, scene changes, loudness, a contact sheet and single frames as pictures, and what is said in it where that is set up. 分析视频。',
      inputSchema: z.object({
        url: url.optional(),
        file: z.string().min(1).max(1000).optional().describe('The id or file that download_video gave, in place of url'),
        question: z.string().max(1000).optional().describe('What is to be found out about it'),
      }),
      outputSchema: analysis,
      annotations: { title: 'Analyse video', ...annotations },
    },
    (input, context) => answer(() => look(workshop, input, context)),
  )
}

async function answer(work: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await work()
  } catch (error) {
    return { content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }], isError: true }
  }
}

async function download({ downloader }: Workshop, address: string, context: ServerContext): Promise<CallToolResult> {
  const tell = createTeller(context)
  const video = await downloader.download(address, context.mcpReq.signal, share => tell('downloading', share))
  return { content: [{ type: 'text', text: describe(video) }], structuredContent: { ...video } }
}

async function look(
  { shelf, downloader, limits, transcriber }: Workshop,
  input: { url?: string | undefined; file?: string | undefined; question?: string | undefined },
  context: ServerContext,
): Promise<CallToolResult> {
  const { signal } = context.mcpReq
  const tell = createTeller(context)
  findProgram('ffmpeg') // before anything is downloaded in vain
  const there = input.file === undefined ? undefined : shelf.byName(input.file)
  const loads = there === undefined
  const video = there ?? (await downloader.download(wanted(input), signal, share => tell('downloading', share / 2)))
  const findings = await analyse(video, { limits, transcriber }, signal, (phase, share) =>
    tell(`analysing… ${phase}`, loads ? 0.5 + share / 2 : share),
  )
  const facts = { ...findings.facts, ...(input.question && { asked: input.question }) }
  return { content: [{ type: 'text', text: JSON.stringify(facts) }, ...picturesOf(findings)], structuredContent: facts }
}

function wanted({ url, file }: { url?: string | undefined; file?: string | undefined }): string {
  if (url !== undefined) return url
  throw new Error(
    file === undefined
      ? 'give either url, or file as download_video told it'
      : 'there is no such file here, or not any more: give the url, or download it again',
  )
}

/** A line for each fact, so that whoever reads only words finds what analyse_video wants; what a stranger wrote comes after it. */
function describe({ id, title, seconds, width, height, bytes }: Video): string {
  const lines = [
    'Downloaded; analyse_video looks at it by its file.',
    `- file: ${id}`,
    `- title: ${title.replace(/\s+/g, ' ')}`,
    ...(seconds === undefined ? [] : [`- seconds: ${seconds}`]),
    ...(width && height ? [`- picture: ${width}×${height}`] : []),
    `- megabytes: ${(bytes / 1_000_000).toFixed(1)}`,
  ]
  return lines.join('\n')
}

/** The sheet is for people too; so many single frames would bury the answer. */
function picturesOf({ sheet, frames }: Findings): CallToolResult['content'] {
  const picture = (jpeg: Buffer, audience: ('user' | 'assistant')[], priority: number) => ({
    type: 'image' as const,
    data: jpeg.toString('base64'),
    mimeType: 'image/jpeg',
    annotations: { audience, priority },
  })
  return [...(sheet ? [picture(sheet, ['user', 'assistant'], 1)] : []), ...frames.map(jpeg => picture(jpeg, ['assistant'], 0.5))]
}

/** Tells the client how far it is, in percent; only what is new, and never backwards. */
function createTeller({ mcpReq }: ServerContext): (what: string, share: number) => void {
  const token = mcpReq._meta?.progressToken
  let last = -1
  let said = ''
  return (message, share) => {
    const progress = Math.max(last, Math.floor(share * 1000) / 10)
    if (token === undefined || mcpReq.signal.aborted || (message === said && progress < last + 1)) return
    last = progress === last ? last + 0.01 : progress // each must be more than the one before
    said = message
    const params = { progressToken: token, progress: last, total: 100, message }
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {}) // who has gone need not know
  }
}
