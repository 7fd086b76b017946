#!/usr/bin/env node
// An MCP server for X (Twitter) over an HTTP API, over stdio.
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createApi } from './api.ts'
import { endpoints } from './endpoints.ts'
import { registerTools } from './tools.ts'

const help = `twitter: an MCP server for X (Twitter), over stdio; it reads and never posts

  node servers/twitter/twitter.ts

Environment
  RAPIDAPI_KEY        a key of RapidAPI that is subscribed to "twitter-api45"
  TWITTER_API_URL     another server of the same API (default https://twitter-api45.p.rapidapi.com)
  TWITTER_TIMEOUT_MS  an answer that takes longer is given up (default 20000)

Tools      ${endpoints.map(({ name }) => name).join('\n           ')}
`

const instructions =
  'X (Twitter), to read. Find ids first: get_user_info for an account, search_tweets for posts; then details by get_tweet_info, and comments by get_latest_replies. Lists come in pages: pass next_cursor as cursor. An empty list means that there is nothing, not that something failed.'

if (process.argv.some(argument => argument === '--help' || argument === '-h')) process.stdout.write(help)
else serve()

function serve(): void {
  const baseUrl = process.env['TWITTER_API_URL'] || 'https://twitter-api45.p.rapidapi.com'
  const timeoutMs = Number(process.env['TWITTER_TIMEOUT_MS'] || 20_000)
  if (!URL.canParse(baseUrl) || !(timeoutMs > 0)) {
    process.stderr.write('twitter: TWITTER_API_URL must be an address, and TWITTER_TIMEOUT_MS a number of milliseconds\n')
    process.exit(1)
  }
  const api = createApi({ baseUrl, key: process.env['RAPIDAPI_KEY'], timeoutMs })
  process.stdin.on('close', () => process.exit(0))
  serveStdio(() => {
    const server = new McpServer({ name: 'twitter', title: 'X (Twitter)', version: '1.0.0' }, { instructions })
    registerTools(server, api)
    return server
  })
}
