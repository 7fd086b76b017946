// What the page itself says, in the languages that it speaks. A value may hold {0}.
import { chinese } from './chinese.js'

const english = {
  servers: 'Servers',
  newChat: 'New chat',
  conversation: 'Conversation',
  welcome: 'How may I help?',
  welcomeMore: 'Ask a question. I choose the tools, show each step, and say which source had nothing.',
  yourMessage: 'Your message',
  ask: 'Ask Bellhop…',
  send: 'Send',
  hint: 'Enter sends, Shift+Enter starts a new line, Esc stops the answer.',
  keyTitle: 'This server needs a key',
  keyLabel: 'API key (kept until this tab is closed)',
  keyWrong: 'The server did not accept this key.',
  cancel: 'Cancel',
  useKey: 'Use this key',
  you: 'You',
  thinking: 'thinking…',
  steps: 'Steps',
  retry: 'Retry',
  copy: 'Copy',
  copied: 'Copied',
  table: 'Table',
  healthy: 'All is well',
  troubled: 'Something needs care',
  away: 'Server not reached',
  awayMore: 'The server cannot be reached. Is it still running?',
  queueAway: 'The queue (Redis) is away: messages cannot be kept now.',
  starting: 'The house is still starting.',
  noServers: 'No servers are connected.',
  hidden: 'Details are shown once you have given a key.',
  model: 'Model: {0}',
  tools: '{0} tools',
  oneTool: '1 tool',
  serverCount: '{0} of {1} servers',
  broken: 'The connection broke before the answer was complete. The turn goes on; ask again to see its result.',
  unreachable: 'The server cannot be reached: nothing was sent.',
  noKey: 'The server needs a key: nothing was sent.',
  refused: 'The server answered with status {0}.',
  notPressed: 'The button did not reach the server.',
  left: 'This page did not get the whole answer.',
  'state.active': 'active',
  'state.connecting': 'connecting',
  'state.degraded': 'degraded',
  'state.error': 'error',
  'state.needs_auth': 'needs sign-in',
  'state.disabled': 'switched off',
  chats: 'Chats',
  chatsAre: 'Your chats',
  noChats: 'What you ask will be listed here.',
  untitled: 'New chat',
  rename: 'Rename “{0}”',
  newName: 'New name',
  removeChat: 'Delete “{0}”',
  removeSure: 'Delete this chat?',
  remove: 'Remove {0}',
  delete: 'Delete',
  keep: 'Keep',
  attach: 'Attach pictures or files',
  attached: 'Attached files',
  dropHere: 'Drop files here',
  tooMany: 'At most {0} files go with one message.',
  tooLarge: '{0} is too large: a file may have {1}, all of them together a little more.',
  emptyFile: '{0} is empty.',
  unreadable: '{0} cannot be read.',
  files: 'Files',
  download: 'Download',
  fileGone: 'This file is no longer kept.',
  sendForm: 'Send answers',
  optional: '(optional)',
  choose: 'Choose…',
  yes: 'Yes',
  no: 'No',
  'wrong.required': 'This is needed.',
  'wrong.number': 'This must be a number.',
  'wrong.integer': 'This must be a whole number.',
  'wrong.yes-no': 'Choose yes or no.',
  'wrong.option': 'Choose one of those that are offered.',
  'wrong.small': 'This is too little.',
  'wrong.large': 'This is too much.',
  'wrong.email': 'This must be an email address.',
  'wrong.uri': 'This must be a whole address, such as https://example.org.',
  'wrong.date': 'This must be a date.',
  'wrong.date-time': 'This must be a date and a time.',
  toolsOf: 'Tools of {0}',
  calls: '{0} calls · {1} ms on average, 95 % within {2} ms',
  ownServers: 'Your own servers',
  examples: ['Which tables are there?', 'How many rows are in orders?', 'Describe the table rooms', 'Which tools can you use?'],
}

const speaksChinese = /^zh\b/i.test(navigator.language)
const root = document.documentElement
const words = { ...(speaksChinese ? chinese : english) }

/** What another page says beside. */
export const learn = more => Object.assign(words, speaksChinese ? more.chinese : more.english)

/** A word the page does not know comes back as it is, so that a new state of a server can still be read. */
export function say(key, ...values) {
  const text = words[key] ?? key.replace(/^state\./, '')
  return values.reduce((sentence, value, at) => sentence.replace(`{${at}}`, () => String(value)), text)
}

export function inUnits(bytes) {
  if (!(bytes >= 0)) return ''
  const [size, unit] = bytes < 1000 ? [bytes, 'byte'] : bytes < 1e6 ? [bytes / 1000, 'kilobyte'] : [bytes / 1e6, 'megabyte']
  const digits = { maximumFractionDigits: size < 10 && unit !== 'byte' ? 1 : 0 }
  return size.toLocaleString(root.lang, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', ...digits })
}

/** The time of today, else the day. */
export function inTime(at) {
  const time = new Date(at)
  const isToday = time.toDateString() === new Date().toDateString()
  return isToday
    ? time.toLocaleTimeString(navigator.language, { hour: '2-digit', minute: '2-digit' })
    : time.toLocaleDateString(navigator.language, { day: 'numeric', month: 'short' })
}

export const examples = words.examples

/** Puts the page's fixed words in place; the English ones stand in the HTML already. */
export function translate() {
  if (!speaksChinese) return
  root.lang = 'zh-CN'
  for (const element of root.querySelectorAll('[data-word]')) element.textContent = say(element.dataset.word)
  for (const element of root.querySelectorAll('[data-label]')) element.setAttribute('aria-label', say(element.dataset.label))
  for (const element of root.querySelectorAll('[data-placeholder]')) element.placeholder = say(element.dataset.placeholder)
}
