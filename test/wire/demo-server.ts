// An MCP server whose tools take their time and tell how far they are, for `npm run demo`.
import { setTimeout as sleep } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

serveStdio(() => {
  const server = new McpServer({ name: 'demo', version: '1.0.0' })
  server.registerTool(
    'download_video',
    { title: 'Downloading TikTok', description: 'Downloads a video', inputSchema: z.object({ url: z.string() }) },
    async (_input, context) => {
      for (let percent = 0; percent <= 100; percent += 4) {
        await context.mcpReq.notify({
          method: 'notifications/progress',
          params: {
            progressToken: context.mcpReq._meta?.progressToken ?? 0,
            progress: percent,
            total: 100,
            message: `${(percent * 0.12).toFixed(1)} MB`,
          },
        })
        await sleep(120)
      }
      return { content: [{ type: 'text', text: 'saved as v1.mp4, 12 MB, 34 s' }] }
    },
  )
  server.registerTool(
    'understand_video',
    { title: 'Analysing', description: 'Says what is seen in a video', inputSchema: z.object({ file: z.string() }) },
    async () => {
      await sleep(1500)
      return { content: [{ type: 'text', text: '0-12 s: a cat sits before a piano. 12-34 s: it plays.' }] }
    },
  )
  server.registerTool(
    'long_work',
    { title: 'Working', description: 'Takes its time', inputSchema: z.object({ seconds: z.number() }) },
    async ({ seconds }, context) => {
      const began = performance.now()
      for (let done = 0; done < seconds; done = (performance.now() - began) / 1000) {
        await context.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken: context.mcpReq._meta?.progressToken ?? 0, progress: done, total: seconds },
        })
        await sleep(400)
      }
      return { content: [{ type: 'text', text: 'done' }] }
    },
  )
  return server
})
