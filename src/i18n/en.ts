import type { Cost, Limit } from '../allowance.ts'
import type { Wrong } from '../ask.ts'
import { mcp } from './mcp-en.ts'
import { permits } from './permits-en.ts'

/** Why an attachment was not read, or not to its end. */
export type Unread = 'large' | 'many' | 'pictures' | 'type' | 'away' | 'cut' | UnreadPdf | 'deaf' | 'unheard'
type UnreadPdf = 'pages' | 'locked' | 'broken' | 'scanned' | 'heavy'

type UnreadSentences = Record<Unread, (name: string, detail: string) => string>

/** Every sentence that the bot itself says, in English; the other languages have the same keys. */
export const en = {
  /** As in `CommandInfo.description`. */
  language: 'en' as string,
  thinking: 'thinking…',
  noText: (id: string) => `The model ended without an answer. Ask again, or put it in other words. (error ${id})`,
  stepLimit: (steps: number) => `I stopped after ${steps} steps; this is what I have.`,
  usedUp: ({ whose, cost, limit, resetsAt }: Limit) =>
    `${{ person: 'You have', place: 'This conversation has', house: 'All of you together have' }[whose]} used up what there is for a day: ${amountOf(cost, limit)}. A new day begins in ${within(resetsAt)}.`,
  nearlyUsedUp: ({ whose, cost, limit, resetsAt }: Limit) =>
    `${{ person: 'You have', place: 'This conversation has', house: 'All of you together have' }[whose]} used four fifths of what there is for a day: ${amountOf(cost, limit)}. A new day begins in ${within(resetsAt)}. /usage tells more.`,
  usageOf: { person: 'You', place: 'This conversation', house: 'All together' },
  usage: (cost: Cost, spent: number, limit: number | undefined) =>
    `${limit === undefined ? '' : `${Math.round(spent).toLocaleString('en')} of `}${amountOf(cost, limit ?? Math.round(spent))}`,
  usageTitle: (resetsAt: number) => `Used today; a new day begins in ${within(resetsAt)}:`,
  summedUp: 'This has become a long talk: I have summed up its beginning for myself. /reset forgets it.',
  timeLimit: (seconds: number) => `I stopped after ${seconds} seconds, the longest that an answer may take; this is what I have.`,
  tokenLimit: (tokens: number) =>
    `I stopped after ${tokens.toLocaleString('en')} tokens, the most that an answer may use; this is what I have.`,
  stopped: 'Stopped.',
  interrupted: 'Stopped, since you have said something new.',
  queued: (ahead: number) => `queued, ${ahead} ahead`,
  joined: '⤴ Answered together with the message before.',
  withdrawn: 'Stopped, since the question was deleted.',
  paused: '⏸ Restarting, I will go on in a moment.',
  away: (time: string) => `I was away. What was said here before ${time} I have not answered: ask again if you still need it.`,
  failed: (id: string) => `Something went wrong on my side, please try again. (error ${id})`,
  modelFailed: (what: string, id: string) => `I could not get an answer from the language model: ${what} (error ${id})`,
  setAside: (id: string) => `I could not answer this: I was interrupted each time I tried, and have put it aside. (error ${id})`,
  tooLong: (found: number, limit: number) =>
    `Your message has ${found.toLocaleString('en')} characters and I read at most ${limit.toLocaleString('en')} at once. Please send it in parts.`,
  empty: 'Yes? Write your question in the same message, or `/help` to see what I can do.',
  welcome: (name: string, seesAll: boolean) =>
    `Hello! Mention me (${name}) or reply to what I say, and I answer; \`/help\` lists what else I understand.${seesAll ? '' : ' Whatever else is said here, I do not get to see.'}`,
  unread: {
    large: (name, limit) => `I have not read \`${name}\`: it is larger than ${limit}.`,
    many: (name, limit) => `I have not read \`${name}\`: I read at most ${limit} attachments at once.`,
    pictures: (name, limit) => `I have not looked at \`${name}\`: I look at no more than ${limit} pictures at once.`,
    type: (name, mime) =>
      `I cannot read \`${name}\`, which is ${mime}: I read text, PDF, recordings, and pictures that are JPEG, PNG, WebP or GIF.`,
    away: name => `I could not get \`${name}\` from this chat: please send it again.`,
    cut: (name, limit) => `I have read only the beginning of \`${name}\`: I read at most ${limit} characters of files at once.`,
    pages: (name, pages) => `I have read only the beginning of \`${name}\`, up to page ${pages}.`,
    locked: name => `I cannot read \`${name}\`: it is locked with a password.`,
    broken: name => `I cannot read \`${name}\`: this PDF is damaged, or made in a way that I do not know.`,
    scanned: name => `I find no text in \`${name}\` that I could read: send me its pages as pictures instead.`,
    heavy: name => `I have given up on \`${name}\`: it would take too much time or memory to read.`,
    deaf: name => `I cannot listen to \`${name}\`: no transcription model is set up here (\`TRANSCRIBE_MODEL\`).`,
    unheard: name => `I could not listen to \`${name}\`: the transcription failed.`,
  } as UnreadSentences,
  askMine: 'Before I go on:',
  askFrom: (server: string) => `${server} asks:`,
  askSample: 'It wants to ask the language model this. May it?',
  askFields: (labels: string) => `It wants to know: ${labels}.`,
  askLink: (host: string) => `It wants you to open a page at ${host}. The link is for you alone.`,
  askApprove: 'Approve',
  askScope: { here: 'Approve in this chat', always: 'Always approve' },
  askDeny: 'Deny',
  askDecline: 'Decline',
  askAgree: 'Agree',
  askYes: 'Yes',
  askNo: 'No',
  askFill: 'Answer',
  askShowLink: 'Show the link',
  askDone: 'Done',
  askOver: 'This question is no longer open.',
  askNotYours: (name: string) => `Only ${name} or an admin can answer this.`,
  askTheLink: (host: string, url: string) =>
    `This leads to ${host}. Open it only if you trust that site, then press "Done":\n${url}`,
  askNext: (at: number, count: number, label: string, required: boolean) =>
    `${count > 1 ? `(${at} of ${count}) ` : ''}**${label}** — reply to this message with it${required ? '' : ', or with `-` to leave it out'}. \`/stop\` ends it.`,
  askOptions: 'One of:',
  writeFirst: 'I cannot write to you alone yet. Open a private chat with me and say hello there, then press the button again.',
  askThanks: 'Thank you, I go on.',
  askWrong: (label: string, rule: string) => `**${label}**: ${rule}`,
  askRules: {
    required: () => 'this has to be filled in.',
    number: () => 'this has to be a number.',
    integer: () => 'this has to be a whole number.',
    'yes-no': () => 'answer yes or no.',
    option: () => 'choose from the list, by its number or its words.',
    small: bounds => `that is too little: ${bounds}.`,
    large: bounds => `that is too much: ${bounds}.`,
    email: () => 'this has to be an address such as ann@example.org.',
    uri: () => 'this has to be an address such as https://example.org/page.',
    date: () => 'this has to be a day such as 2026-05-31.',
    'date-time': () => 'this has to be a time such as 2026-05-31T18:00.',
  } as Record<Wrong, (bounds: string) => string>,
  askBounds: (min: number | undefined, max: number | undefined) =>
    [min === undefined ? '' : `at least ${min}`, max === undefined ? '' : `at most ${max}`].filter(Boolean).join(', '),
  wholeInFile: '📄 The whole answer comes as a file: `answer.md`.',
  notSent: (name: string, size: string) => `I could not send \`${name}\` (${size}) to this chat.`,
  stop: 'Stop',
  retry: 'Retry',
  and: (count: number) => `and ${count} more`,
  // sources
  sourceItems: (count: number) => (count === 1 ? '1 item' : `${count} items`),
  /** `help` may be empty. */
  sourceTrouble: (source: string, why: string, help: string) => `${source}: ${why}${help && `, ${help}`}`,
  sourceSilent: (time: string) => `no sign of life for ${time}`,
  sourceWhy: {
    empty: 'no hits',
    failed: 'it failed',
    'timed-out': 'no answer in time',
    'not-permitted': 'not permitted',
    'needs-sign-in': 'it wants a sign-in',
    unavailable: 'not available now',
  },
  sourceHelp: {
    broader: 'try a broader word or another source',
    less: 'ask again, or for less at once',
    later: 'its limit is used up, try again later',
    away: 'try again in some minutes; /status shows how it is',
    again: 'check what was asked and try again',
    permission: 'the operator has to give it the right',
    signIn: 'sign in, or the operator sets its key',
    tiktokCookies: 'set TIKTOK_COOKIES',
    rapidApiKey: 'set a RAPIDAPI_KEY that is subscribed to it',
  },
  // commands
  helpTitle: 'Ask me anything in plain words; I use my tools by myself and show what I do. I also understand:',
  unknownCommand: (name: string, nearest: string | undefined) =>
    nearest === undefined
      ? `I do not know \`/${name}\`. \`/help\` lists what I understand.`
      : `I do not know \`/${name}\`. Did you mean \`/${nearest}\`?`,
  noTools: 'I have no tools at the moment. An operator adds MCP servers in `servers.config.json`.',
  noWorker: 'No worker is running at the moment, so nothing can be answered. An operator has to start one.',
  noSuchServer: (name: string, known: string) => `There is no server \`${name}\`. There is: ${known}.`,
  yours: 'yours',
  ofThisPlace: "this chat's",
  needsYourSignIn: (name: string) => `sign in with \`/mcp login ${name}\``,
  toolCount: (count: number) => (count === 1 ? '1 tool' : `${count} tools`),
  toolsOf: (servers: number, tools: number) => `${servers} servers with ${tools} tools; \`/tools <server>\` lists those of one:`,
  forgotten: 'Forgotten. We start afresh.',
  stopping: 'Stopping.',
  nothingToRetry: 'There is nothing that I could try again here.',
  retrying: 'Trying again.',
  notYours: 'Only who asked, or an admin, can stop this answer.',
  nothingRuns: 'Nothing is running here.',
  callUsage: 'Write `/call <tool> {"argument": "value"}`; `/tools` lists the tools.',
  callBadJson: (reason: string) => `What follows the tool's name must be a JSON object: ${reason}`,
  promptsTitle: 'Questions that the servers have ready; ask one with `/prompt <server> <name> key=value`:',
  noPrompts: 'No server has questions ready.',
  noSuchPrompt: (name: string, nearest: string) => `There is no prompt \`${name}\`. The nearest: ${nearest}.`,
  promptWants: (name: string, missing: string) => `\`${name}\` still wants ${missing}. Write them behind it as \`key=value\`.`,
  promptFailed: (name: string, reason: string) => `\`${name}\` could not be had: ${reason}`,
  modelsTitle: 'The models that I have, in the order in which I ask them; choose one with `/model <name>`:',
  modelInUse: 'in use here',
  onlyModel: (model: string) => `There is one model, ${model}, so there is nothing to choose.`,
  noSuchModel: (name: string, known: string) => `There is no model \`${name}\` here. There is: ${known}.`,
  modelSet: (name: string) => `Noted: from now on I ask \`${name}\` first here. \`/model auto\` undoes it.`,
  modelAuto: (name: string) => `Noted: from now on I ask the models in their order again, \`${name}\` first.`,
  answeredBy: (model: string) => `answered by ${model}`,
  settingsTitle: 'What this conversation has chosen; change it with `/settings <name> <value>`:',
  settingValue: (name: string, value: string, choices: string) => `\`${name}\` is **${value}** (of ${choices})`,
  settingSet: (name: string, value: string) => `Noted: \`${name}\` is **${value}** here from now on.`,
  noSuchSetting: (name: string, known: string) => `There is no setting \`${name}\`. There is: ${known}.`,
  noSuchChoice: (name: string, value: string, known: string) => `\`${name}\` cannot be \`${value}\`: choose one of ${known}.`,
  settings: {
    busy: 'what becomes of a message that you send while I am still answering you: it waits (`queue`), I take it into the running answer (`steer`), or I stop and answer it instead (`interrupt`)',
    steps:
      'how much I show of what my tools do: a line for each step (`full`), one line for what runs now (`compact`), or nothing (`off`)',
    language:
      'the language of what I say myself: the one of your app (`auto`), English (`en`) or Chinese (`zh`); answers follow your question',
  },
  needsSignIn: (name: string) => `an admin signs in with \`/mcp login ${name}\``,
  adminsOnly: 'Only an admin can do this.',
  serversUsage: 'Write `/servers reload`: the list of servers is looked into again.',
  serversUnread: (why: string) => `The list of servers cannot be read, and stays as it was: ${why}`,
  serversReload: (servers: number, problems: string[]) =>
    [
      `The list is looked into again: ${servers} servers. \`/tools\` shows how they do.`,
      ...problems.map(problem => `- ⚠️ ${problem}`),
    ].join('\n'),
  mcp,
  permits,
  noSkills: 'I have no skills at the moment. An operator adds them as folders in `SKILLS_DIR`.',
  skillsTitle: 'I have instructions of my own for these kinds of tasks; just ask for one in plain words:',
  statusUp: (workers: number) => (workers === 1 ? '1 worker is up' : `${workers} workers are up`),
  statusModel: (model: string) => `Model: ${model}`,
  statusQueue: (waiting: number, running: number) => `Messages waiting: ${waiting}; conversations being answered: ${running}`,
  serverState: {
    connecting: 'connecting',
    active: 'up',
    degraded: 'often fails now',
    error: 'not available',
    needs_auth: 'needs a sign-in',
    disabled: 'switched off',
  },
}

/** The sentences of one language. */
export type Words = typeof en

const one: Record<Cost, string> = { turns: '1 answer', tokens: '1 token', seconds: '1 second of tools' }
const costs: Record<Cost, string> = { turns: 'answers', tokens: 'tokens', seconds: 'seconds of tools' }

const amountOf = (cost: Cost, amount: number) => (amount === 1 ? one[cost] : `${amount.toLocaleString('en')} ${costs[cost]}`)

function within(at: number): string {
  const all = Math.max(1, Math.ceil((at - Date.now()) / 60_000))
  const [hours, minutes] = [Math.floor(all / 60), all % 60]
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`
}
