import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Guard } from '../guard.ts'
import { survey, surveyCode } from './code.ts'
import { runCommand } from './command.ts'
import { fetchPage } from './page.ts'
import { search } from './search.ts'
import type { Settings } from './settings.ts'
import { readSystem, system } from './system.ts'

const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }

export function registerTools(server: McpServer, settings: Settings, guard: Guard): void {
  registerWebTools(server, settings, guard)
  registerMachineTools(server, settings)
}

function registerWebTools(server: McpServer, settings: Settings, guard: Guard): void {
  server.registerTool(
    'web_search',
    {
      title: 'Search the web',
      description: 'Search the web by words; gives titles, addresses and summaries of pages. Read one with fetch_page.',
      inputSchema: z.object({
        query: z.string().min(1).max(400).describe('Words to look for'),
        count: z.number().int().min(1).max(20).default(8).describe('How many results'),
      }),
      outputSchema: z.object({ results: z.array(z.object({ title: z.string(), url: z.string(), summary: z.string() })) }),
      annotations: { ...reads, openWorldHint: true },
    },
    ({ query, count }, { mcpReq }) => answer(async () => ({ results: await search(settings, query, count, mcpReq.signal) })),
  )
  server.registerTool(
    'fetch_page',
    {
      title: 'Read a page',
      description: 'Read a web page (url) as plain text: its title, headings, words and links.',
      inputSchema: z.object({
        url: z.string().min(1).max(2000).describe('Address of the page'),
        max_chars: z.number().int().min(100).max(100_000).default(20_000).describe('At most so much of its text'),
      }),
      outputSchema: z.object({ url: z.string(), title: z.string(), text: z.string(), cut: z.boolean() }),
      annotations: { ...reads, openWorldHint: true },
    },
    ({ url, max_chars }, { mcpReq }) => answer(async () => ({ ...(await fetchPage(guard, url, max_chars, mcpReq.signal)) })),
  )
}

function registerMachineTools(server: McpServer, settings: Settings): void {
  const allowed = [...settings.commands.keys()].join(', ')
  server.registerTool(
    'run_command',
    {
      title: 'Run a command',
      description: `Run one program in the folder of the workbench, without a shell. ${allowed ? `Allowed: ${allowed}.` : 'None is allowed here.'}`,
      inputSchema: z.object({
        command: z.string().min(1).max(100).describe('Name of the program alone'),
        args: z.array(z.string().max(1000)).max(50).default([]).describe('Its arguments, one by one'),
      }),
      outputSchema: z.object({
        code: z.number(),
        stdout: z.string(),
        stderr: z.string(),
        stopped: z.enum(['time', 'output']).optional(),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    ({ command, args }, { mcpReq }) => answer(async () => ({ ...(await runCommand(settings, command, args, mcpReq.signal)) })),
  )
  server.registerTool(
    'analyse_code',
    {
      title: 'Analyse code',
      description:
        'Analyse the source code in a folder of the workbench: files, languages, lines, sizes, and where it is most complex.',
      inputSchema: z.object({ path: z.string().max(1000).default('.').describe('The folder, from that of the workbench') }),
      outputSchema: survey,
      annotations: reads,
    },
    ({ path }, { mcpReq }) => answer(() => surveyCode(settings.folder, path, mcpReq.signal)),
  )
  server.registerTool(
    'system_info',
    {
      title: 'About this machine',
      description: 'Tell about the machine of this server: system, processors, load, memory, disk, how long it is up.',
      inputSchema: z.object({}),
      outputSchema: system,
      annotations: { ...reads, idempotentHint: false },
    },
    () => answer(() => readSystem(settings.folder)),
  )
}

async function answer(work: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const found = await work()
    return { content: [{ type: 'text', text: JSON.stringify(found) }], structuredContent: found }
  } catch (error) {
    return { content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }], isError: true }
  }
}
