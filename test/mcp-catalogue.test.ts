import { describe, expect, test } from 'vitest'
import { capMessages } from '../src/mcp/flow.ts'
import { mendList, mendResult } from '../src/mcp/mend.ts'
import { humanise, nameTools, nearest } from '../src/mcp/names.ts'
import { showResult } from '../src/mcp/result.ts'
import { repairSchema } from '../src/mcp/schema.ts'

describe('names for the model', () => {
  const id = (server: string, tool: string) => ({ server, tool })

  test('a plain name keeps its letters', () => {
    expect(nameTools([id('db', 'read_query'), id('db', 'get.user-info')])).toEqual(['db__read_query', 'db__get_user-info'])
  })

  test('every name fits every endpoint, and none is there twice', () => {
    const ids = [
      id('s', 'a.b'),
      id('s', 'a_b'),
      id('s', 'a b'),
      id('s', '查询'),
      id('s', '分析'),
      id('s', 'x'.repeat(200)),
      id('s', `${'x'.repeat(200)}y`),
    ]
    const names = nameTools(ids)
    expect(new Set(names).size).toBe(ids.length)
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    expect(nameTools(ids)).toEqual(names)
    expect(names[5]).toMatch(/^s__x{52}_[0-9a-f]{8}$/)
  })

  test.each([
    ['list_tables', 'List tables'],
    ['getUserInfo', 'Get user info'],
    ['files.read-all', 'Files read all'],
    ['_', '_'],
  ])('%s is read by people as %s', (name, label) => {
    expect(humanise(name)).toBe(label)
  })

  test('the nearest names come first', () => {
    expect(nearest('db_readquery', ['web__search', 'db__write_query', 'db__read_query'])[0]).toBe('db__read_query')
  })
})

describe('schemas for the model', () => {
  test.each([
    [{}, { type: 'object', properties: {} }],
    [
      { type: 'object', required: ['a'], properties: { a: { type: 'array' } } },
      { type: 'object', required: ['a'], properties: { a: { type: 'array', items: {} } } },
    ],
    [
      { anyOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: {} } }], properties: { c: {} } },
      { type: 'object', properties: { a: { type: 'string' }, b: {}, c: {} } },
    ],
    [
      {
        properties: { items: { enum: [{ type: 'array' }] }, enum: { type: 'array' } },
        $defs: { x: { anyOf: [{ type: 'array' }] } },
      },
      {
        type: 'object',
        properties: { items: { enum: [{ type: 'array' }] }, enum: { type: 'array', items: {} } },
        $defs: { x: { anyOf: [{ type: 'array', items: {} }] } },
      },
    ],
  ])('%j is repaired', (schema, repaired) => {
    expect(repairSchema(schema)).toEqual(repaired)
  })
})

describe('results for the model', () => {
  const data = Buffer.alloc(3000).toString('base64')
  test.each([
    [
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        structuredContent: { a: 1 },
      },
      'a\n\nb',
    ],
    [{ content: [{ type: 'audio', mimeType: 'audio/ogg', data }] }, ''],
    [{ content: [{ type: 'resource', resource: { uri: 'x:1', blob: data, mimeType: 'application/pdf' } }] }, '<x:1>'],
    [{ content: [{ type: 'resource', resource: { uri: 'x:1', text: 'inside' } }] }, 'inside'],
    [{ content: [], structuredContent: { picture: `data:image/png;base64,${data}` } }, '- picture: [data in base64, 3 KB]'],
    [{ content: [{ type: 'text', text: '  ' }] }, '(the tool returned nothing)'],
  ] as const)('case %#', (result, text) => {
    expect(showResult(structuredClone(result) as unknown as Parameters<typeof showResult>[0]).text).toBe(text)
  })

  test('pictures, recordings and binary resources are files, in their order', () => {
    const blob = (uri: string) => ({ type: 'resource' as const, resource: { uri, blob: data, mimeType: 'text/html' } })
    const { files } = showResult({
      content: [
        { type: 'image', mimeType: 'image/png', data },
        { type: 'text', text: 'and' },
        blob('file:///tmp/report.pdf?v=2#page'),
        { type: 'audio', mimeType: 'audio/ogg', data },
      ],
    })
    const bytes = Buffer.alloc(3000)
    expect(files).toEqual([{ data: bytes }, { name: 'file:///tmp/report.pdf', data: bytes }, { data: bytes }])
  })

  test('what is meant for the assistant alone is not to be posted', () => {
    const picture = (...audience: ('user' | 'assistant')[]) => ({
      type: 'image' as const,
      mimeType: 'image/png',
      data,
      annotations: { audience },
    })
    const { files } = showResult({ content: [picture('assistant'), picture('user', 'assistant'), picture()] })
    expect(files?.map(({ unposted }) => unposted)).toEqual([true, undefined, undefined])
  })
})

describe('answers that are not quite right', () => {
  test('what cannot be mended is left out, and said', () => {
    const said: string[] = []
    const { tools } = mendList(
      { tools: [{ name: 'a' }, {}, null, { name: 'b', inputSchema: { type: 'object', properties: 5 } }] },
      words => said.push(words),
    )
    expect(tools).toEqual([{ name: 'a', inputSchema: { type: 'object' } }])
    expect(said).toHaveLength(3)
  })

  test('structured content alone is content', () => {
    expect(mendResult({ structuredContent: { n: 1 } })).toEqual({ structuredContent: { n: 1 }, content: [] })
  })
})

describe('the size of a message', () => {
  const from = (type: string, ...chunks: string[]) => {
    const headers = { 'content-type': type }
    const body = () => ReadableStream.from(chunks.map(chunk => new TextEncoder().encode(chunk)))
    return capMessages(async () => new Response(body(), { headers }), 10)
  }
  const events = (...chunks: string[]) => from('text/event-stream', ...chunks)

  test.each([['12345678', '12345678'], ['data: x\ndata: x\n'], ['\n', 'data: x\n', 'data: x\n']])(
    'one large event is refused',
    async (...chunks) => {
      const response = await events(...chunks)('http://localhost')
      await expect(response.text()).rejects.toThrow('more than 10 bytes')
    },
  )

  test.each(['data: x\n\n', 'data: x\r\n\r\n'])('many small events are not, however they are cut up', async event => {
    const whole = event.repeat(50)
    for (const size of [1, 2, 3, 5, 7, event.length]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.slice(i * size, (i + 1) * size))
      const response = await events(...pieces)('http://localhost')
      expect(await response.text()).toBe(whole)
    }
  })

  test('empty lines in JSON let no more of it pass', async () => {
    const response = await from('application/json', ...Array.from({ length: 20 }, () => '\n\n'))('http://localhost')
    await expect(response.text()).rejects.toThrow('more than 10 bytes')
  })
})
