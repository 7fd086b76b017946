import { bearer, program, type Row, web } from './servers.expected.ts'
import { ofPrograms } from './servers.programs.ts'
import { dialects } from './servers.read.ts'

/** What the operator has set. */
export const env = {
  HOME: '/home/ann',
  ORDERS_KEY: 'k-orders',
  TOOLS_DIR: '/opt/tools',
  MCP_INPUT_PERPLEXITY_KEY: 'k-perplexity',
  ROOMS_KEY: 'k-rooms',
  CRM_ID: 'id-crm',
  CRM_SECRET: 's-crm',
  ROO_TOKEN: 'k-roo',
  GEMINI_DATABASE: 'db://gemini',
  GEMINI_KEY: 'k-gemini',
  CODEX_TOKEN: 'k-codex',
  CODEX_TEAM: 'team',
  OPENCODE_KEY: 'k-opencode',
  OPENCODE_ID: 'id-opencode',
  COPILOT_MCP_TOKEN: 'k-copilot',
  WINDSURF_TOKEN: 'k-windsurf',
}

const ofEditors: Row[] = [
  [
    'vscode.json',
    {
      servers: [
        program('perplexity', ['npx', '-y', 'server-perplexity-ask', '--region=eu'], {
          PERPLEXITY_API_KEY: 'k-perplexity',
          HOTEL: 'Grand Budapest',
        }),
        web('github', 'http', 'https://github.example.com/mcp/', { 'X-MCP-Readonly': 'true' }),
      ],
      off: ['socket: vscode.json: servers.socket.url is "unix:///tmp/server.sock": it must be an http:// or https:// address'],
      said: [
        'vscode.json: servers.perplexity: nothing here reads "sandboxEnabled", "sandbox", "dev"; its program runs with all the rights of the bot',
      ],
    },
  ],
  [
    'cursor.json',
    {
      servers: [
        program('rooms', ['python', `${dialects}/tools/rooms.py`, '--home', '/home/ann'], {
          PERPLEXITY_API_KEY: 'of-the-file',
          HOTEL: 'Grand Budapest',
          ROOMS_KEY: 'k-rooms',
        }),
        web('Linear_Issues', 'auto', 'https://linear.example.com/mcp'),
        web(
          'crm',
          'auto',
          'https://crm.example.com/mcp',
          {},
          {
            auth: { type: 'oauth', clientId: 'id-crm', clientSecret: 's-crm', scopes: ['read', 'write'] },
          },
        ),
      ],
      said: ['cursor.json: mcpServers.Linear Issues is called "Linear_Issues"'],
    },
  ],
  [
    'cline.json',
    {
      servers: [
        program(
          'local-server',
          [process.execPath, '/opt/server.js'],
          { API_KEY: 'of-cline' },
          {
            autoApprove: ['search', 'read'],
            callMs: 90_000,
          },
        ),
        web('remote-server', 'http', 'https://cline.example.com/mcp', { Authorization: 'Bearer of-cline' }, bearer),
      ],
      off: ['resting'],
      said: [
        'cline.json: mcpServers.local-server.timeout is 90, taken as seconds: write "callMs": 90000',
        'cline.json: mcpServers.remote-server.timeout is 60, taken as seconds: write "callMs": 60000',
      ],
    },
  ],
  [
    'roo.json',
    {
      servers: [
        program(
          'github',
          ['docker', 'run', '-i', '--rm', '-e', 'GITHUB_TOKEN=k-roo', 'ghcr.io/github/github-mcp-server'],
          {},
          { autoApprove: ['get_pull_request'] },
          '/opt/roo',
        ),
        web(
          'modern',
          'http',
          'https://roo.example.com/mcp',
          { 'X-API-Key': 'of-roo' },
          { autoApprove: ['newToolA', 'newToolB'] },
        ),
        web('legacy', 'sse', 'https://roo.example.com/sse'),
      ],
    },
  ],
  [
    'windsurf.json',
    {
      servers: [web('remote-http-mcp', 'auto', 'https://windsurf.example.com/mcp', { API_KEY: 'Bearer k-windsurf' })],
      off: ['from-a-file: windsurf.json: mcpServers.from-a-file has ${file:/run/key}, which only another client understands'],
    },
  ],
]

const ofLibraries: Row[] = [
  [
    'mcp-use.json',
    {
      servers: [
        program('playwright', ['npx', '@playwright/mcp@latest'], { DISPLAY: ':1' }),
        web('http', 'http', 'https://use.example.com/mcp', { Authorization: 'Bearer of-mcp-use' }, bearer),
        web('events', 'sse', 'https://use.example.com/sse', { Authorization: 'Bearer of-mcp-use' }, bearer),
      ],
      off: ['socket: mcp-use.json: mcpServers.socket.ws_url asks for WebSocket'],
      said: ['mcp-use.json: mcpServers.events: nothing here reads "clientInfo"'],
    },
  ],
  [
    'nanobot.json',
    {
      servers: [
        program('filesystem', ['npx', '-y', '@modelcontextprotocol/server-filesystem', '/srv/shared'], {}, { callMs: 120_000 }),
        web(
          'remote',
          'http',
          'https://nanobot.example.com/mcp/',
          { Authorization: 'Bearer of-nanobot' },
          {
            ...bearer,
            callMs: 30_000,
            include: ['read_file'],
          },
        ),
        web('signed', 'auto', 'https://nanobot.example.com/sse'),
      ],
      said: ['nanobot.json: nothing here reads "agents"'],
    },
  ],
]

export const rows = [...ofEditors, ...ofPrograms, ...ofLibraries]
