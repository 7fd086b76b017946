// A program that loads the libraries which a Bellhop of Telegram alone needs, and does nothing with them.
import '@hono/node-server'
import '@modelcontextprotocol/client'
import 'bullmq'
import 'grammy/web'
import 'hono'
import 'ioredis'
import 'openai'
import 'pino'
import 'zod'

setInterval(() => {}, 60_000)
process.on('SIGTERM', () => process.exit())
process.stdout.write('ready\n')
