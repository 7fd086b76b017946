// What servers have beside tools: resources, which the model reads by two tools of the house, and prompts, which people choose.
import { afterAll, afterEach, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import type { Model, Prompt } from '../src/model.ts'
import { aMessage, fakeChat, say, scriptedModel } from './fakes.ts'
import { closeAll, openHost, program, v1 } from './wire/mcp/start.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { work, ask, receive, clear, close } = await testWorkers()
afterEach(async () => {
  await closeAll()
  await clear()
})
afterAll(close)

const hotel = () => program('hotel', [`${import.meta.dirname}/wire/mcp/asking.ts`])
const everything = () => program('all', ['node_modules/@modelcontextprotocol/server-everything/dist/index.js', 'stdio'])
const options = { signal: new AbortController().signal, onProgress() {} }

async function openBox(...servers: Parameters<ReturnType<typeof openHost>['start']>[0]) {
  const host = openHost()
  await host.start(servers)
  return { host, box: host.toolboxFor([]) }
}

test('the tools of the house are there as soon as one server has resources, and not otherwise', async () => {
  const { host, box } = await openBox(v1())
  expect(box.list().map(({ server }) => server)).not.toContain('bellhop')
  await host.register(hotel())
  expect(
    box
      .list()
      .slice(-2)
      .map(({ name, label, readOnly, repeatable }) => ({ name, label, readOnly, repeatable })),
  ).toEqual([
    { name: 'list_resources', label: 'List resources', readOnly: true, repeatable: true },
    { name: 'read_resource', label: 'Read a resource', readOnly: true, repeatable: true },
  ])
  await host.unregister('hotel')
  expect(box.resolve('read_resource')).toBeUndefined()
})

test('resources are listed with their addresses, and read as words or as files', async () => {
  const { box, host } = await openBox(hotel())
  const listed = await box.call('list_resources', {}, options)
  expect(listed).toEqual({
    ok: true,
    text: '**hotel**\n- <hotel://rules> House rules (text/plain)\n- <hotel://map> map (image/png)',
  })
  expect(await box.call('read_resource', { server: 'hotel', uri: 'hotel://rules' }, options)).toEqual({
    ok: true,
    text: 'No dogs.',
  })
  const map = await host.readResource('hotel', 'hotel://map', options)
  expect(map.files?.map(({ name, data }) => [name, data.length])).toEqual([['hotel://map', 8]])
  expect(map.text).not.toContain('iVBOR')
})

test('addresses with gaps are listed as well, and read when they are filled in', async () => {
  const { box } = await openBox(everything())
  expect((await box.call('list_resources', { server: 'all' }, options)).text).toContain(
    '<demo://resource/dynamic/text/{resourceId}>',
  )
  const read = await box.call('read_resource', { server: 'all', uri: 'demo://resource/dynamic/text/7' }, options)
  expect(read.text).toContain('Resource 7')
})

test.each([
  [{ server: 'hotle', uri: 'x' }, 'servers that have some are hotel'],
  [{ server: 'hotel' }, '`uri` is missing'],
  [{ server: 'hotel', uri: 'hotel://none' }, 'Read a resource (read_resource) failed'],
])('what cannot be read is told in words: %j', async (input, words) => {
  const { box } = await openBox(hotel())
  const result = await box.call('read_resource', input, options)
  expect(result).toMatchObject({ ok: false, text: expect.stringContaining(words) })
})

test('a server that cannot be listed does not hide the others', async () => {
  const mute = program('mute', [`${import.meta.dirname}/wire/mcp/mute.ts`], { callMs: 400, maxCallMs: 800 })
  const { box, host } = await openBox(mute, hotel())
  const { ok, text } = await box.call('list_resources', {}, options)
  expect(ok).toBe(true)
  expect(text).toContain('**mute** could not be listed: no sign of life')
  expect(text).toContain('hotel://rules')
  expect((await host.resources()).map(({ server }) => server)).toEqual(['hotel'])
})

test('the host has the prompts, what they want to know, and what may be meant by what was typed', async () => {
  const { host } = await openBox(everything(), hotel())
  const prompts = await host.prompts()
  expect(prompts.map(({ server, name }) => `${server} ${name}`)).toEqual([
    'all simple-prompt',
    'all args-prompt',
    'all completable-prompt',
    'all resource-prompt',
    'hotel letter',
  ])
  expect(prompts.at(-1)?.arguments).toEqual([
    { name: 'to', description: 'Who gets it', required: true },
    { name: 'date', required: false },
  ])
  const complete = (server: string, prompt: string, argument: string, typed: string, known = {}) =>
    host.complete(server, prompt, { argument, typed, known }, options)
  expect(await complete('all', 'completable-prompt', 'department', 'Eng')).toEqual(['Engineering'])
  expect(await complete('all', 'completable-prompt', 'name', '', { department: 'Sales' })).toEqual(['David', 'Eve', 'Frank'])
  expect(await complete('hotel', 'letter', 'to', 'x')).toEqual([])
})

/** The chat of one who talks to a worker with these servers. */
async function talk(...servers: Parameters<typeof openBox>) {
  const { box } = await openBox(...servers)
  const chat = fakeChat()
  const model: Model & { heard: Prompt[] } = scriptedModel([say('As you wish.')])
  await work(chat, model, box, silentLog)
  return { chat, model }
}

test('/prompt lists what there is, and with what it is asked', async () => {
  const { chat, model } = await talk(everything(), hotel())
  await ask(aMessage('/prompt'))
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain('- `all args-prompt <city> [state]`')
  expect(finals(chat)[0]).toContain('- `hotel letter <to> [date]` A letter to a guest')
  await ask(aMessage('/prompt hotel'))
  await answered(chat, 2)
  expect(finals(chat)[1]).not.toContain('args-prompt')
  expect(model.heard).toEqual([])
})

test.each([
  ['/prompt all args-prompt', '`args-prompt` still wants `city` (Name of the city)'],
  ['/prompt all.args-promt', 'There is no prompt `args-promt`. The nearest: `all simple-prompt`'],
  ['/prompt al.args-prompt', 'There is no prompt `al.args-prompt`. The nearest: `all simple-prompt`'],
  ['/prompt all args-promt', 'There is no prompt `args-promt`. The nearest: `all simple-prompt`'],
  ['/prompt all resource-prompt resourceType=Zip resourceId=1', 'could not be had'],
])('%s is answered without the model', async (text, words) => {
  const { chat, model } = await talk(everything())
  await ask(aMessage(text))
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain(words)
  expect(model.heard).toEqual([])
})

test.each([
  '/prompt all args-prompt city="New York" state=NY',
  '/prompt args-prompt state=NY city=“New York”',
  '/prompt all.args-prompt city="New York" state=NY',
])('%s asks the model what the server has ready', async text => {
  const { chat, model } = await talk(everything())
  await ask(aMessage(text))
  await answered(chat, 1)
  expect(finals(chat)[0]).toBe('As you wish.')
  expect(model.heard[0]?.transcript).toEqual([{ role: 'user', text: "What's weather in New York, NY?" }])
})

test('a server may ask the person before it tells its prompt', async () => {
  const { chat, model } = await talk(hotel())
  const question = aMessage('/prompt hotel letter to=Bob')
  await ask(question)
  const button = () => [...chat.shown.values()][0]?.buttons.find(({ label }) => label === 'sea')
  await expect.poll(button).toBeDefined()
  const { conversation, author } = question
  await receive(chat, { id: 'fake:press', conversation, author, action: 'pick', token: button()?.token ?? '' })
  await answered(chat, 1)
  expect(model.heard[0]?.transcript).toEqual([
    { role: 'user', text: 'You write for the hotel.' },
    { role: 'assistant', text: 'Gladly.', calls: [] },
    { role: 'user', text: 'Write to Bob about the sea room.' },
  ])
})
