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
  const loads = input.file === undefined
  const video = loads
    ? await downloader.download(wanted(input.url), signal, share => tell('downloading', share / 2))
    : onShelf(shelf, input.file ?? '')
  const findings = await analyse(video, { limits, transcriber }, signal, (phase, share) =>
    tell(`analysing… ${phase}`, loads ? 0.5 + share / 2 : share),
  )
  return { content: blocksOf(findings, input.question), structuredContent: findings.facts }
}

function wanted(address: string | undefined): string {
  if (address === undefined) throw new Error('give either url, or file as download_video told it')
  return address
}

function onShelf(shelf: Shelf, name: string): Video {
  const video = shelf.byName(name)
  if (!video) throw new Error('there is no such file here, or not any more: give the url, or download it again')
  return video
}

function describe({ id, title, seconds, width, height, bytes }: Video): string {
  const parts = [
    seconds === undefined ? '' : `${seconds} s`,
    width && height ? `${width}×${height}` : '',
    `${(bytes / 1_000_000).toFixed(1)} MB`,
  ]
  return `Downloaded "${title}": ${parts.filter(part => part !== '').join(', ')}. Its id is ${id}; analyse_video can look at it.`
}

function blocksOf({ facts, sheet, frames }: Findings, question: string | undefined): CallToolResult['content'] {
  const pictures = [...(sheet ? [{ jpeg: sheet, priority: 1 }] : []), ...frames.map(jpeg => ({ jpeg, priority: 0.5 }))]
  const text = [
    JSON.stringify(facts),
    ...(sheet
      ? ['The first picture is the contact sheet; the others are single frames (see sheet_seconds and frame_seconds).']
      : []),
    ...(question ? [`Asked about it: ${question}`] : []),
  ]
  return [
    { type: 'text', text: text.join('\n') },
    ...pictures.map(({ jpeg, priority }) => ({
      type: 'image' as const,
      data: jpeg.toString('base64'),
      mimeType: 'image/jpeg',
      annotations: { audience: (priority === 1 ? ['user', 'assistant'] : ['assistant']) as ('user' | 'assistant')[], priority },
    })),
  ]
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
