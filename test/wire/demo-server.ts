// An MCP server whose tools take their time and tell how far they are, for `npm run demo`.
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32, deflateSync } from 'node:zlib'
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
  server.registerTool('draw_plan', { title: 'Drawing the plan', description: 'Draws the plan of a floor' }, async () => {
    const text = 'room,beds\n101,2\n102,1\n'
    const resource = { uri: 'demo://rooms.csv', mimeType: 'text/csv', blob: Buffer.from(text).toString('base64') }
    return {
      content: [
        { type: 'image', mimeType: 'image/png', data: drawPlan(360, 200).toString('base64') },
        { type: 'resource', resource },
      ],
    }
  })
  return server
})

/** Six rooms and a corridor, as PNG: one byte a pixel, grey. */
function drawPlan(width: number, height: number): Buffer {
  const isWall = (x: number, y: number) => x % 120 < 3 || y < 3 || y > height - 4 || x > width - 4 || Math.abs((y % 120) - 80) < 2
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => (isWall(x, y) ? 60 : 235))]),
  )
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head[8] = 8
  const chunks = [chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks])
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length, 0)
  body.copy(whole, 4)
  whole.writeUInt32BE(crc32(body), body.length + 4)
  return whole
}
