import { bearer, program, type Row, web } from './servers.expected.ts'
import { dialects } from './servers.read.ts'

/** Of programs that people talk to in a terminal or a window of its own. */
export const ofPrograms: Row[] = [
  [
    'claude-desktop.json',
    {
      servers: [
        program('filesystem', [
          'npx',
          '-y',
          '@modelcontextprotocol/server-filesystem',
          '/home/ann/Desktop',
          '/home/ann/Downloads',
        ]),
        program('weather', ['uv', '--directory', '/opt/weather', 'run', 'weather.py'], { WEATHER_KEY: 'pa$word-of-ann' }),
      ],
      said: ['claude-desktop.json: nothing here reads "globalShortcut"'],
    },
  ],
  [
    'claude-code.json',
    {
      servers: [
        web(
          'orders',
          'http',
          'https://orders.example.com/mcp',
          { Authorization: 'Bearer k-orders' },
          { ...bearer, callMs: 600_000 },
        ),
        web(
          'tickets',
          'sse',
          'https://tickets.example.com/sse',
          {},
          {
            auth: { type: 'oauth', clientId: 'bellhop', scopes: ['tickets:read', 'tickets:write'] },
          },
        ),
        program('shell', ['/opt/tools/bin/shell-server', '--root', '/opt/tools'], { CACHE_DIR: '/tmp' }),
      ],
      off: ['unset: claude-code.json: mcpServers.unset needs NOBODY_SET_THIS, which is not set'],
      said: ['claude-code.json: mcpServers.tickets: nothing here reads "oauth.callbackPort"'],
    },
  ],
  [
    'gemini-cli.json',
    {
      servers: [
        program(
          'pythonTools',
          ['python', '-m', 'my_mcp_server', '--port', '8080'],
          { DATABASE_URL: 'db://gemini', API_KEY: 'k-gemini' },
          { callMs: 15_000, trust: true, include: ['safe_tool', 'file_reader'], exclude: ['file_reader'] },
          `${dialects}/mcp-servers/python`,
        ),
        web(
          'httpServer',
          'http',
          'http://localhost:3000/mcp',
          { Authorization: 'Bearer of-gemini' },
          { ...bearer, callMs: 5000 },
        ),
        web('sseServer', 'auto', 'http://localhost:8080/sse', {}, { auth: { type: 'oauth', scopes: ['a', 'b'] } }),
      ],
      off: ['old', 'notAllowed'],
      said: ['gemini-cli.json: nothing here reads "theme"'],
    },
  ],
  [
    'codex.json',
    {
      servers: [
        program(
          'docs',
          ['npx', '-y', 'docs-mcp'],
          { CODEX_TOKEN: 'k-codex', MODE: 'read' },
          {
            connectMs: 20_000,
            callMs: 45_500,
            include: ['open', 'search'],
            exclude: ['search'],
          },
        ),
        web(
          'figma',
          'auto',
          'https://figma.example.com/mcp',
          { 'X-Region': 'eu', 'X-Team': 'team', Authorization: 'Bearer k-codex' },
          bearer,
        ),
      ],
      off: ['off'],
      said: ['codex.json: nothing here reads "model"'],
    },
  ],
  [
    'copilot-cli.json',
    {
      servers: [
        program('playwright', ['npx', '@playwright/mcp@latest'], { TOKEN: 'k-copilot' }),
        web('context7', 'http', 'https://context7.example.com/mcp', { KEY: 'of-copilot' }, { include: ['search'] }),
        web('cloudflare', 'sse', 'https://docs.example.com/sse'),
      ],
      off: ['nothing: copilot-cli.json: mcpServers.nothing.tools is empty, so that it offers no tool: take it away to offer all'],
    },
  ],
  ['copilot-bare.json', { servers: [program('playwright', ['npx', '@playwright/mcp@latest'])] }],
  [
    'opencode.json',
    {
      servers: [
        program(
          'everything',
          ['npx', '-y', '@modelcontextprotocol/server-everything'],
          { MY_ENV_VAR: 'of-opencode' },
          {
            connectMs: 30_000,
            callMs: 120_000,
          },
        ),
        web(
          'context',
          'auto',
          'https://context.example.com/mcp',
          { CONTEXT_KEY: 'k-opencode' },
          {
            auth: { type: 'none' },
            callMs: 15_000,
          },
        ),
        web(
          'sentry',
          'auto',
          'https://sentry.example.com/mcp',
          {},
          {
            auth: { type: 'oauth', clientId: 'id-opencode', clientSecret: 'k-opencode', scopes: ['tools:read', 'tools:execute'] },
          },
        ),
      ],
      off: ['off'],
    },
  ],
  ['opencode-2.json', { servers: [program('everything', ['npx', '-y', 'everything'])], off: ['off'] }],
]
