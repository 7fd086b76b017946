import type { CallbackQuery, MessageEntity, Message as Native, Update } from 'grammy/types'
import { expect, test } from 'vitest'
import { createEars } from '../adapters/telegram/ears.ts'
import { toChange, toMessage, toPress } from '../adapters/telegram/inbound.ts'
import { silentLog } from '../src/log.ts'
import { findEntities } from './wire/telegram-text.ts'

const me = { id: 4711, username: 'bellhop_bot' }
const bot = { id: 4711, is_bot: true, first_name: 'Bellhop' }
const ada = { id: 42, is_bot: false, first_name: 'Ada', last_name: 'Lovelace', language_code: 'zh-hans' }
const direct = { id: 42, type: 'private', first_name: 'Ada' }
const group = { id: -100, type: 'supergroup', title: 'Group' }
const base = { message_id: 5, date: 1_700_000_000, from: ada, chat: direct }
const inGroup = { ...base, chat: group }

/** The native message, with the entities that Telegram would find. */
const said = (text: string, more: object = {}) => ({ ...inGroup, text, entities: findEntities(text), ...more })
const hear = (...parts: object[]) => toMessage(parts as Native[], me)
const notebook = { read: async () => undefined, write: async () => {} }
const file = (id: string, more: object = {}) => ({ file_id: id, file_unique_id: id, file_size: 9, ...more })

test('a direct message becomes a message of the house', () => {
  expect(hear({ ...base, text: ' hello ' })).toEqual({
    id: 'telegram:42:5',
    conversation: 'telegram:42',
    author: { id: '42', name: 'Ada Lovelace', locale: 'zh-hans' },
    text: 'hello',
    attachments: [],
    replyTo: '5',
    sentAt: 1_700_000_000_000,
    kind: 'chat',
  })
})

test.each([
  ['a mention', said('@bellhop_bot what is up'), 'what is up'],
  ['a mention in other letters', said('@BellHop_Bot, what is up'), 'what is up'],
  ['a mention in the middle', said('hey @bellhop_bot what is up'), 'hey what is up'],
  ['a mention before a comma', said('hey @bellhop_bot, you'), 'hey, you'],
  ['a mention at the end', said('what is up @bellhop_bot'), 'what is up'],
  ['a mention on a line of its own', said('one\n@bellhop_bot\ntwo'), 'one\n\ntwo'],
  ['two mentions', said('@bellhop_bot a @bellhop_bot b'), 'a b'],
  ['a mention behind an emoji', said('😀 @bellhop_bot 你好'), '😀 你好'],
  ['a mention of the name', said('Bellhop hi', { entities: [{ type: 'text_mention', offset: 0, length: 7, user: bot }] }), 'hi'],
  ['a command for the bot', said('/ask@bellhop_bot why'), '/ask why'],
  ['a command for anybody', said('/ask why'), '/ask why'],
  ['a mention of the bot and of another', said('@bellhop_bot ask @ada_l'), 'ask @ada_l'],
  ['a reply to the bot', said('and then?', { reply_to_message: { ...inGroup, from: bot, text: 'once' } }), 'and then?'],
])('in a group, %s is heard', (_, message, text) => {
  expect(hear(message)).toMatchObject({ conversation: 'telegram:-100', text })
})

test.each([
  ['talk among others', said('hello all')],
  ['the name without an entity', said('@bellhop_bot', { entities: [] })],
  ['a longer name', said('@bellhop_bottle hi')],
  ['a mention of another', said('@ada_l hi')],
  ['a command for another bot', said('/ask@other_bot why')],
  ['a reply to a person', said('yes', { reply_to_message: { ...inGroup, text: 'no?' } })],
  ['a bot', said('@bellhop_bot hi', { from: { ...bot, id: 9 } })],
  ['a forwarded post of the channel', said('@bellhop_bot hi', { is_automatic_forward: true })],
  ['a member who came', { ...inGroup, new_chat_members: [bot] }],
  [
    'a topic that the bot opened',
    said('hi', { is_topic_message: true, message_thread_id: 3, reply_to_message: { ...inGroup, from: bot, message_id: 3 } }),
  ],
])('%s is not for the bot', (_, message) => {
  expect(hear(message)).toBeUndefined()
})

const channel = { id: -100_9, type: 'channel', title: 'News' }
const anonymous = { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' }
const asChannel = { id: 136817688, is_bot: true, first_name: 'Channel', username: 'Channel_Bot' }
const telegram = { id: 777000, is_bot: false, first_name: 'Telegram' }
const otherBot = { id: 9, is_bot: true, first_name: 'Other' }
const inPrivate = (more: object) => ({ ...base, text: 'hi', ...more })

test.each<[string, object, string | undefined]>([
  ['itself', inPrivate({ from: bot }), undefined],
  ['another bot', inPrivate({ from: otherBot }), undefined],
  ['another bot that replies to it', said('hi', { from: otherBot, reply_to_message: { ...inGroup, from: bot } }), undefined],
  ['its own words, sent by a person', inPrivate({ via_bot: bot }), undefined],
  ['a picture that a person found through a bot', inPrivate({ via_bot: otherBot }), '42'],
  ['the words of a bot in a group, sent by a person', said('@bellhop_bot hi', { via_bot: otherBot }), undefined],
  ['a post that a person forwards to it', inPrivate({ forward_origin: { type: 'channel', chat: channel } }), '42'],
  ['a post that a person forwards to a group', said('@bellhop_bot hi', { forward_origin: { type: 'channel' } }), undefined],
  [
    'a command that a person forwards to a group',
    said('/stop', { forward_origin: { type: 'user', sender_user: ada } }),
    undefined,
  ],
  [
    'a post of the channel of its group',
    said('@bellhop_bot hi', { from: telegram, sender_chat: channel, is_automatic_forward: true }),
    undefined,
  ],
  ['an administrator without a name', said('@bellhop_bot hi', { from: anonymous, sender_chat: group }), '-100'],
  ['an administrator without a name, among others', said('hi', { from: anonymous, sender_chat: group }), undefined],
  ['who speaks as a channel', said('@bellhop_bot hi', { from: asChannel, sender_chat: channel }), '-1009'],
  ['Telegram itself', inPrivate({ from: telegram, chat: { ...direct, id: 777000 } }), '777000'],
])('%s: whether it is answered, and as whom', (_, message, author) => {
  expect(hear(message)?.author.id).toBe(author)
})

test('who has no name of his own is known by the chat', () => {
  expect(hear(said('@bellhop_bot hi', { from: anonymous, sender_chat: group }))?.author).toEqual({ id: '-100', name: 'Group' })
})

test.each([
  ['a mention and nothing else', said('@bellhop_bot')],
  ['spaces in a direct message', { ...base, text: ' \n ' }],
])('%s wants an answer too', (_, message) => {
  expect(hear(message)).toMatchObject({ text: '' })
})

test.each([
  ['channel_post', { ...inGroup, text: 'news' }],
  ['my_chat_member', {}],
])('an update of kind %s is not for the bot', async (kind, what) => {
  const listen = createEars({ notebook, now: Date.now, log: silentLog })
  expect(await listen([{ update_id: 1, [kind]: what } as unknown as Update], me)).toBeUndefined()
})

test.each([
  ['a topic', { is_topic_message: true, message_thread_id: 7 }, 'telegram:-100:7'],
  ['General', { is_topic_message: true, message_thread_id: 1 }, 'telegram:-100'],
  ['a thread of replies', { message_thread_id: 7 }, 'telegram:-100'],
])('%s is the conversation that it is', (_, more, conversation) => {
  expect(hear(said('@bellhop_bot hi', more))).toMatchObject({ conversation })
})

test.each([
  [
    'the largest photo',
    { photo: [file('s', { width: 9, height: 9 }), file('l', { width: 90, height: 90 })] },
    'image',
    'l',
    'image/jpeg',
    'photo.jpg',
  ],
  ['a voice message', { voice: file('v', { mime_type: 'audio/ogg' }) }, 'audio', 'v', 'audio/ogg', 'voice.ogg'],
  ['music', { audio: file('a', { file_name: 'x.flac', mime_type: 'audio/flac' }) }, 'audio', 'a', 'audio/flac', 'x.flac'],
  ['a video', { video: file('v', { mime_type: 'video/mp4' }) }, 'video', 'v', 'video/mp4', 'video.mp4'],
  ['a video note', { video_note: file('n') }, 'video', 'n', 'video/mp4', 'video.mp4'],
  ['an animation, not its document', { animation: file('g'), document: file('d') }, 'video', 'g', 'video/mp4', 'animation.mp4'],
  [
    'a PDF',
    { document: file('d', { file_name: 'a.pdf', mime_type: 'application/pdf' }) },
    'file',
    'd',
    'application/pdf',
    'a.pdf',
  ],
  [
    'a picture sent as a file',
    { document: file('d', { file_name: 'a.png', mime_type: 'image/png' }) },
    'image',
    'd',
    'image/png',
    'a.png',
  ],
])('%s is an attachment', (_, more, kind, ref, mime, name) => {
  expect(hear({ ...base, ...more })).toMatchObject({ text: '', attachments: [{ kind, ref, mime, name, bytes: 9 }] })
})

test('a caption is the text, and its mention counts', () => {
  const caption = '@bellhop_bot what is this'
  const message = { ...inGroup, caption, caption_entities: findEntities(caption), voice: file('v') }
  expect(hear(message)).toMatchObject({ text: 'what is this', attachments: [{ ref: 'v' }] })
})

test('what was replied to comes along, with its attachments', () => {
  const original = {
    ...inGroup,
    message_id: 4,
    from: { ...ada, id: 43, first_name: 'Bob', last_name: undefined },
    caption: 'my cat',
    voice: file('v'),
  }
  const quoted = { author: 'Bob', text: 'my cat', attachments: [{ ref: 'v' }] }
  expect(hear(said('@bellhop_bot', { reply_to_message: original }))).toMatchObject({ text: '', quoted })
  expect(hear(said('@bellhop_bot', { reply_to_message: original, quote: { text: 'cat', position: 3 } }))).toMatchObject({
    quoted: { text: 'cat' },
  })
})

test('the address behind a link is told', () => {
  const entities: MessageEntity[] = [{ type: 'text_link', offset: 4, length: 4, url: 'https://a.example/' }]
  expect(hear({ ...base, text: 'see this!', entities })).toMatchObject({ text: 'see this (https://a.example/)!' })
})

test('an edited message has the id of what it was', () => {
  const edited_message = said('@bellhop_bot better', { edit_date: 1_700_000_009 })
  expect(toChange([edited_message as Native], me)).toEqual({
    id: 'telegram:-100:5',
    conversation: 'telegram:-100',
    text: 'better',
  })
})

test('a caption, and the picture above it, may be edited; of one picture of an album the caption alone', () => {
  const edited = { ...base, caption: 'new', photo: [file('p2', { width: 9, height: 9 })] } as unknown as Native
  const change = { id: 'telegram:42:5', conversation: 'telegram:42', text: 'new' }
  expect(toChange([edited], me)).toMatchObject({ ...change, attachments: [{ ref: 'p2' }] })
  expect(toChange([{ ...edited, media_group_id: 'a' }], me)).toEqual(change)
})

test.each([
  [
    'a press in a topic',
    { message: { ...inGroup, is_topic_message: true, message_thread_id: 7 }, data: 'stop:a:b' },
    'telegram:-100:7',
  ],
  [
    'a press below a message that is too old to be shown',
    { message: { chat: group, message_id: 5, date: 0 }, data: 'stop:a:b' },
    'telegram:-100',
  ],
])('%s is heard', (_, more, conversation) => {
  const callback_query = { id: '77', from: ada, chat_instance: '1', ...more }
  const author = { id: '42', name: 'Ada Lovelace', locale: 'zh-hans' }
  const press = { id: 'telegram:77', conversation, author, action: 'stop', token: 'a:b', aside: 'callback:77:42' }
  expect(toPress(callback_query as unknown as CallbackQuery)).toEqual(press)
})

test.each([{ data: 'nocolon', message: inGroup }, { message: inGroup }, { data: 'a:b' }])(
  'a press that is none of ours is not heard: %j',
  more => {
    expect(toPress({ id: '1', from: ada, ...more } as unknown as CallbackQuery)).toBeUndefined()
  },
)
