import type { APIInteraction, GatewayMessageCreateDispatchData } from 'discord.js'
import { describe, expect, test } from 'vitest'
import { timeOf, toCommand, toDeletion, toEdit, toMessage, toPress } from '../adapters/discord/inbound.ts'
import { formatInteraction, isFresh, parseInteraction } from '../adapters/discord/interaction.ts'
import { createUser } from './wire/discord-world.ts'

const bot = createUser('Bellhop', true)
const ada = createUser('Ada')
const bob = createUser('Bob')
const mention = `<@${bot.id}>`
const at = '2026-11-21T10:00:00.000Z'

/** Only the fields that are looked at; what the library's types add would say nothing here. */
function native(fields: object): GatewayMessageCreateDispatchData {
  const message = {
    id: '111111111111111111',
    channel_id: '222222222222222222',
    guild_id: '333',
    author: ada,
    type: 0,
    timestamp: at,
  }
  return { ...message, content: '', edited_timestamp: null, attachments: [], mentions: [], ...fields } as never
}

const mentioning = (content: string, fields: object = {}) => native({ content, mentions: [bot], ...fields })
const textOf = (message: GatewayMessageCreateDispatchData) => toMessage(message, bot.id)?.text

describe('what is for us', () => {
  test.each([
    ['a mention', mentioning(`${mention} hello`), 'hello'],
    ['a mention with a nickname mark', mentioning(`<@!${bot.id}> hello`), 'hello'],
    ['a mention in the middle', mentioning(`hello ${mention}, you there?`), 'hello , you there?'],
    ['a mention and a command', mentioning(`${mention} /help me`), '/help me'],
    [
      'others mentioned too',
      native({ content: `${mention} ask <@${bob.id}> and <@9>`, mentions: [bot, bob] }),
      'ask @Bob and <@9>',
    ],
    ['a DM', native({ content: 'hello', guild_id: undefined }), 'hello'],
    [
      'a reply to us without a mention',
      native({ content: 'why?', type: 19, referenced_message: native({ author: bot }) }),
      'why?',
    ],
    ['a message of spaces with a file', mentioning(mention, { attachments: [{ filename: 'a', size: 1, url: 'u' }] }), ''],
    ['a mention alone, which wants an answer too', mentioning(`  ${mention}\n`), ''],
    ['a DM of spaces', native({ content: ' \n ', guild_id: undefined }), ''],
  ])('%s', (_, message, text) => {
    expect(textOf(message)).toBe(text)
  })
})

describe('what is not', () => {
  test.each([
    ['a message to others', native({ content: 'hello all' })],
    ['a mention of everyone', native({ content: '@everyone', mention_everyone: true })],
    ['a mention of a role', native({ content: '<@&44>', mention_roles: ['44'] })],
    ['a mention of somebody else', native({ content: `<@${bob.id}>`, mentions: [bob] })],
    ['our id in the text without a mention', native({ content: `\`${mention}\`` })],
    ['a reply to somebody else', native({ content: 'why?', type: 19, referenced_message: native({ author: bob }) })],
    ['another bot', mentioning(`${mention} hi`, { author: createUser('Gizmo', true) })],
    ['ourselves', mentioning(`${mention} hi`, { author: bot })],
    ['a webhook', mentioning(`${mention} hi`, { webhook_id: '5' })],
    ['somebody who joined', mentioning(mention, { type: 7 })],
    ['the start of a thread', mentioning(mention, { type: 21 })],
    ['a sticker alone', native({ content: '', guild_id: undefined })],
  ])('%s', (_, message) => {
    expect(toMessage(message, bot.id)).toBeUndefined()
  })
})

test('a whole message', () => {
  const picture = { filename: 'cat.png', content_type: 'image/png', size: 12, url: 'https://cdn.example/cat.png?ex=1' }
  const quoted = native({
    content: 'a <@1> b',
    author: bob,
    attachments: [{ filename: 'x.bin', size: 3, url: 'https://cdn.example/x' }],
  })
  const message = mentioning(`${mention} this`, {
    attachments: [picture],
    referenced_message: quoted,
    type: 19,
    member: { nick: 'Countess' },
  })
  expect(toMessage(message, bot.id)).toStrictEqual({
    id: 'discord:111111111111111111',
    conversation: 'discord:222222222222222222',
    author: { id: ada.id, name: 'Countess' },
    text: 'this',
    attachments: [{ kind: 'image', name: 'cat.png', mime: 'image/png', bytes: 12, ref: 'https://cdn.example/cat.png?ex=1' }],
    quoted: {
      author: 'Bob',
      text: 'a <@1> b',
      attachments: [{ kind: 'file', name: 'x.bin', bytes: 3, ref: 'https://cdn.example/x' }],
    },
    replyTo: '111111111111111111',
    sentAt: Date.parse(at),
    kind: 'chat',
    shared: true,
  })
})

test.each([
  ['audio/ogg', 'audio'],
  ['video/mp4', 'video'],
  ['text/plain; charset=utf-8', 'file'],
  [undefined, 'file'],
])('an attachment of %s is of kind %s', (content_type, kind) => {
  const file = { filename: 'f', size: 1, url: 'u', ...(content_type ? { content_type } : {}) }
  expect(toMessage(mentioning(mention, { attachments: [file] }), bot.id)?.attachments[0]?.kind).toBe(kind)
})

test.each([
  [{ nick: 'Nick' }, ada, 'Nick'],
  [{ nick: null }, ada, 'Ada'],
  [undefined, { ...ada, global_name: null }, 'ada'],
])('a name: the nickname, else the display name, else the user name', (member, author, name) => {
  expect(toMessage(mentioning(`${mention} x`, { member, author }), bot.id)?.author.name).toBe(name)
})

test('an edit counts when a person edited what is for us', () => {
  const edited = mentioning(`${mention} better`, { edited_timestamp: at })
  expect(toEdit(edited, bot.id)).toEqual({
    id: 'discord:111111111111111111',
    conversation: 'discord:222222222222222222',
    text: 'better',
    event: `discord:edit:111111111111111111:${at}`,
  })
  expect(toEdit({ ...edited, edited_timestamp: null }, bot.id)).toBeUndefined()
  expect(toEdit({ ...edited, author: bot as never }, bot.id)).toBeUndefined()
  expect(toEdit({ ...edited, mentions: [] }, bot.id)).toBeUndefined()
  expect(toEdit({ id: '1', channel_id: '2', edited_timestamp: at } as never, bot.id)).toBeUndefined()
})

test('a deletion', () => {
  expect(toDeletion({ id: '1', channel_id: '2' })).toEqual({ id: 'discord:1', conversation: 'discord:2', text: undefined })
})

function interaction(fields: object): APIInteraction {
  const base = {
    id: '175928847299117063',
    application_id: bot.id,
    token: 'tok',
    channel: { id: '222' },
    locale: 'zh-CN',
    user: ada,
  }
  return { ...base, ...fields } as never
}

describe('interactions', () => {
  const slash = (data: object, fields: object = {}) => interaction({ type: 2, data: { type: 1, ...data }, ...fields })

  test.each([
    ['a command', slash({ name: 'help' }), '/help'],
    [
      'with values',
      slash({
        name: 'model',
        options: [
          { name: 'a', type: 3, value: 'x y' },
          { name: 'b', type: 4, value: 3 },
        ],
      }),
      '/model x y 3',
    ],
    [
      'with a subcommand',
      slash({ name: 'server', options: [{ name: 'add', type: 1, options: [{ name: 'u', type: 3, value: 'u1' }] }] }),
      '/server add u1',
    ],
  ])('%s', (_, event, text) => {
    expect(toCommand(event, bot.id, 'way')).toMatchObject({
      text,
      replyTo: 'way',
      conversation: 'discord:222',
      author: { locale: 'zh-CN' },
    })
  })

  test('the time is in the id', () => {
    expect(toCommand(slash({ name: 'help' }), bot.id, 'way')?.sentAt).toBe(1462015105796)
    expect(timeOf('175928847299117063')).toBe(1462015105796)
  })

  test('a member has a nickname', () => {
    const event = slash({ name: 'help' }, { user: undefined, member: { user: bob, nick: 'Bobby' } })
    expect(toCommand(event, bot.id, 'way')?.author).toEqual({ id: bob.id, name: 'Bobby', locale: 'zh-CN' })
  })

  test.each([
    ['stop:turn-1', { action: 'stop', token: 'turn-1' }],
    ['stop:a:b', { action: 'stop', token: 'a:b' }],
    ['nonsense', undefined],
  ])('a button named %s', (custom_id, expected) => {
    const press = toPress(interaction({ type: 3, data: { component_type: 2, custom_id } }), 'aside')
    const base = { id: 'discord:175928847299117063', conversation: 'discord:222', aside: 'aside' }
    if (expected) expect(press).toMatchObject({ ...base, ...expected })
    else expect(press).toBeUndefined()
  })

  test('other kinds are nothing to us', () => {
    expect(toCommand(interaction({ type: 4, data: { type: 1, name: 'help' } }), bot.id, 'way')).toBeUndefined()
    expect(toCommand(interaction({ type: 2, data: { type: 2, name: 'Profile' } }), bot.id, 'way')).toBeUndefined()
    expect(toPress(interaction({ type: 4, data: { type: 1, name: 'help' } }), 'aside')).toBeUndefined()
  })
})

test('the way to an interaction survives being written down', () => {
  const way = { appId: '123', token: 'aW50-_.=', heardAt: 1_700_000_000_000 }
  expect(parseInteraction(formatInteraction(way))).toEqual(way)
  expect(parseInteraction(formatInteraction({ ...way, messageId: '9' }))).toEqual({ ...way, messageId: '9' })
  expect(parseInteraction('1573596324249468929')).toBeUndefined()
  expect(parseInteraction(undefined)).toBeUndefined()
  expect(isFresh(way)).toBe(false)
  expect(isFresh({ ...way, heardAt: Date.now() - 13 * 60_000 })).toBe(true)
})
