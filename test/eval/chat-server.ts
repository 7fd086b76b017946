// An MCP server of which the first argument says which source it is, for `npm run eval -- --transcripts`.
import { setTimeout as sleep } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const source = process.argv[2] ?? ''
const words = z.object({ query: z.string() })
const text = (said: string, isError = false) => ({ content: [{ type: 'text' as const, text: said }], isError })
const steps = 10

const sources: Record<string, (server: McpServer) => void> = {
  twitter(server) {
    const post = { tweet_id: '1112223334', screen_name: 'ann', text: 'They are kind' }
    server.registerTool('search_tweets', { title: 'Search tweets', inputSchema: words }, async () => {
      await sleep(700)
      return text(JSON.stringify([post, { ...post, tweet_id: '5', text: 'They are slow' }]))
    })
    const who = z.object({ screenname: z.string() })
    server.registerTool('get_user_info', { title: 'Get user info', inputSchema: who }, async () => {
      await sleep(700)
      return text('{"name":"Ann Example","followers":7100}')
    })
    const which = z.object({ tweet_id: z.string() })
    server.registerTool('get_latest_replies', { title: 'Get latest replies', inputSchema: which }, async () => {
      await sleep(700)
      return text('[{"screen_name":"ben","text":"I doubt it"}]')
    })
  },
  jianshu(server) {
    server.registerTool('search_articles', { title: 'Search articles', inputSchema: words }, async () => text('[]'))
  },
  tiktok(server) {
    server.registerTool('search_videos', { title: 'Search videos', inputSchema: words }, async () =>
      text('HTTP 403 Forbidden', true),
    )
  },
  weibo(server) {
    server.registerTool('search_posts', { title: 'Search posts', inputSchema: words }, async () => {
      await sleep(600_000)
      return text('too late')
    })
  },
  video(server) {
    const link = z.object({ url: z.string() })
    server.registerTool('download_video', { title: 'Downloading TikTok', inputSchema: link }, async (_input, { mcpReq }) => {
      for (let step = 0; step <= steps; step++) {
        const progress = { progressToken: mcpReq._meta?.progressToken ?? 0, progress: step, total: steps }
        await mcpReq.notify({ method: 'notifications/progress', params: progress })
        await sleep(200)
      }
      return text('{"file":"clips/7106.mp4","seconds":12}')
    })
    const file = z.object({ file: z.string() })
    server.registerTool('analyse_video', { title: 'Analysing', inputSchema: file }, async () => {
      await sleep(1200)
      return text('{"frames":"a grey cat at a piano, then applause","speech":"bravo"}')
    })
  },
}

serveStdio(() => {
  const server = new McpServer({ name: source, version: '1.0.0' })
  sources[source]?.(server)
  return server
})
