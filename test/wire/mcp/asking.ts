// A server of the newest protocol whose tools ask the person before they answer. Run as a program it speaks over stdio, and to nobody who speaks otherwise.
import { appendFileSync } from 'node:fs'
import { acceptedContent, inputRequired, inputResponse, McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const guest = z.object({
  name: z.string().meta({ title: 'Name' }),
  nights: z.number().int().max(30).default(2).meta({ title: 'Nights' }),
})
const room = z.object({ room: z.enum(['sea', 'garden']).meta({ title: 'Room' }) })
const page = 'https://login.example/hotel?for=guest'

const note = (line: string) => process.env['LEDGER'] && appendFileSync(process.env['LEDGER'], `${line}\n`)
const say = (text: string) => {
  note(text)
  return { content: [{ type: 'text' as const, text }] }
}

export function createAskingServer(): McpServer {
  const server = new McpServer({ name: 'asking', version: '1.0.0' })
  server.registerTool('book', { title: 'Book a room' }, async ctx => {
    const { inputResponses, requestState } = ctx.mcpReq
    const booked = acceptedContent(inputResponses, 'guest', guest)
    if (booked) return say(`booked for ${booked.name}, ${booked.nights} nights, state ${requestState()}`)
    const answer = inputResponse(inputResponses, 'guest')
    if (answer.kind === 'elicit') return say(`not booked: ${answer.action}`)
    const ask = inputRequired.elicit({ message: 'Who comes?', requestedSchema: guest })
    return inputRequired({ inputRequests: { guest: ask }, requestState: 'opaque \u00fc=1' })
  })
  server.registerTool('choose', { title: 'Choose a room' }, async ctx => {
    const chosen = acceptedContent(ctx.mcpReq.inputResponses, 'room', room)
    if (chosen) return say(`chosen: ${chosen.room}`)
    return inputRequired({ inputRequests: { room: inputRequired.elicit({ message: 'Which?', requestedSchema: room }) } })
  })
  server.registerTool('sign_in', {}, async ctx => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'page')
    if (answer.kind === 'elicit') return say(`visited: ${answer.action}`)
    return inputRequired({ inputRequests: { page: inputRequired.elicitUrl({ message: 'Sign in first', url: page }) } })
  })
  server.registerTool('roots', {}, async ctx => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'roots')
    if (answer.kind === 'roots') return say(answer.roots.map(({ uri }) => uri).join())
    return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } })
  })
  server.registerTool('think', {}, async ctx => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'thought')
    if (answer.kind === 'sampling') return say(JSON.stringify(answer.result))
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Name a colour' } }]
    return inputRequired({ inputRequests: { thought: inputRequired.createMessage({ messages, maxTokens: 40 }) } })
  })
  server.registerResource('rules', 'hotel://rules', { title: 'House rules', mimeType: 'text/plain' }, async uri => ({
    contents: [{ uri: uri.href, text: 'No dogs.' }],
  }))
  server.registerResource('map', 'hotel://map', { mimeType: 'image/png' }, async uri => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').toString('base64') }],
  }))
  const argsSchema = z.object({ to: z.string().describe('Who gets it'), date: z.string().optional() })
  server.registerPrompt('letter', { description: 'A letter to a guest', argsSchema }, async ({ to }, ctx) => {
    const chosen = acceptedContent(ctx.mcpReq.inputResponses, 'room', room)
    if (!chosen)
      return inputRequired({ inputRequests: { room: inputRequired.elicit({ message: 'Which?', requestedSchema: room }) } })
    const text = `Write to ${to} about the ${chosen.room} room.`
    return {
      messages: [
        { role: 'user', content: { type: 'text', text: 'You write for the hotel.' } },
        { role: 'assistant', content: { type: 'text', text: 'Gladly.' } },
        { role: 'user', content: { type: 'text', text } },
      ],
    }
  })
  return server
}

if (import.meta.main) serveStdio(createAskingServer, { legacy: 'reject' })
