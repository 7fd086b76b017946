import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Checkup, Finding } from '../adapter.ts'
import { type Config, surveyConfig } from '../config/config.ts'
import { readVariables } from '../config/variables.ts'
import { checkModels } from '../doctor/models.ts'
import { isWell, renderFinding } from '../doctor/report.ts'
import type { Asker } from './asking.ts'
import { mergeEnv, readEnvFile, valuesOf, writeEnvFile } from './env-file.ts'
import type { SetupWords } from './words.ts'

export interface SetupTools {
  asker: Asker
  words: SetupWords
  /** Where `.env` is. */
  folder: string
  /** Wins over `.env`, as it does at the start. */
  env: Record<string, string | undefined>
  /** Beside what every platform says: by which link the bot is added. */
  checkDiscord(config: NonNullable<Config['discord']>): Promise<Checkup & { invite?: string }>
  checkTelegram(config: NonNullable<Config['telegram']>): Promise<Checkup>
}

/** The answers so far; undefined: to be taken out. */
type Answers = Record<string, string | undefined>

interface Talk extends SetupTools {
  /** What `.env` says now. */
  current: Record<string, string>
  answers: Answers
  /** As the house would read it with the answers in place. */
  config(): Config
}

/**
 * Asks for what the house needs, tries each answer at once, and writes `.env` at the end; false when there was nothing to write, or nobody
 * wanted it. Throws Left, and has written nothing then.
 */
export async function setUp(tools: SetupTools): Promise<boolean> {
  const { asker, words, folder, env } = tools
  const path = join(folder, '.env')
  const text = readEnvFile(path)
  const current = valuesOf(text)
  const answers: Answers = {}
  const config = () => surveyConfig(folder, { ...current, ...env, ...answers }).config
  const talk: Talk = { ...tools, current, answers, config }
  asker.say(words.welcome(path, text !== ''))
  await askForModel(talk)
  await askForDiscord(talk)
  await askForTelegram(talk)
  await askForWeb(talk)
  makeSecretKey(talk)
  if (!(await isWanted(talk))) return false
  const before = text === '' ? undefined : `${path}.before`
  if (before !== undefined) writeEnvFile(before, text)
  writeEnvFile(path, mergeEnv(text, answers))
  asker.say(words.written(path, before))
  const shadowed = Object.keys(answers).filter(name => env[name] !== undefined && env[name] !== (answers[name] ?? ''))
  if (shadowed.length > 0) asker.say(words.shadowed(shadowed))
  return true
}

const endpoint = ['OPENAI_BASE_URL', 'OPENAI_API_KEY']
const usualModel = readVariables({}).values.MODEL.join(',')

async function askForModel(talk: Talk): Promise<void> {
  const { asker, words } = talk
  begin(talk, words.model)
  while (true) {
    const url = await askFor(talk, 'OPENAI_BASE_URL', words.model.url, { other: 'none' })
    if (url === 'none') return leaveOut(talk, endpoint)
    const key = await askFor(talk, 'OPENAI_API_KEY', words.model.key, { secret: true })
    if (url === undefined && key === undefined) return leaveOut(talk, endpoint)
    await askFor(talk, 'MODEL', { name: words.model.name, empty: usualModel })
    asker.say(words.model.trying)
    if (await isContent(talk, await checkModels(talk.config().model))) return
  }
}

async function askForDiscord(talk: Talk): Promise<void> {
  const { asker, words, checkDiscord, config } = talk
  begin(talk, words.discord)
  while (true) {
    const token = await askFor(talk, 'DISCORD_TOKEN', words.discord.token, { secret: true })
    if (token === undefined) return leaveOut(talk, ['DISCORD_TOKEN'])
    asker.say(words.discord.trying)
    const { discord } = config()
    if (!discord) return
    const { findings, invite } = await checkDiscord({ ...discord, messageContent: false }) // whether it listens is asked next
    if (!(await isContent(talk, findings))) continue
    if (invite !== undefined) asker.say(`${words.discord.invite}\n  ${invite}`)
    if (await listensWell(talk)) return
  }
}

/** Whether to go on, once it is known what the bot is to hear. */
async function listensWell(talk: Talk): Promise<boolean> {
  const { asker, words, checkDiscord, config } = talk
  const listens = config().discord?.messageContent ?? false
  const wanted = await agrees(talk, words.discord.intent, listens)
  if (wanted !== listens) answer(talk, 'DISCORD_MESSAGE_CONTENT', wanted ? 'on' : 'off')
  const { discord } = config()
  if (!wanted || !discord) return true
  asker.say(words.discord.trying)
  return isContent(talk, (await checkDiscord(discord)).findings)
}

async function askForTelegram(talk: Talk): Promise<void> {
  const { asker, words, checkTelegram, config } = talk
  begin(talk, words.telegram)
  while (true) {
    const token = await askFor(talk, 'TELEGRAM_TOKEN', words.telegram.token, { secret: true })
    if (token === undefined) return leaveOut(talk, ['TELEGRAM_TOKEN'])
    asker.say(words.telegram.trying)
    const { telegram } = config()
    if (!telegram) return
    const { findings } = await checkTelegram(telegram)
    if (await isContent(talk, findings)) return
  }
}

/** Whoever is not on this machine needs a key, or the house does not start. */
async function askForWeb(talk: Talk): Promise<void> {
  const { asker, words, config } = talk
  const { host, port, apiKeys } = config().web
  begin(talk, { title: words.web.title, how: words.web.how(port) })
  const isOpen = !['127.0.0.1', 'localhost', '::1'].includes(host)
  const shouldOpen = await agrees(talk, words.web.open, isOpen)
  if (shouldOpen !== isOpen) answer(talk, 'HOST', shouldOpen ? '0.0.0.0' : undefined)
  if (!shouldOpen || apiKeys.length > 0) return
  const key = randomBytes(24).toString('base64url')
  answer(talk, 'HTTP_API_KEYS', key)
  asker.say(words.web.key(key))
}

function makeSecretKey(talk: Talk): void {
  const { asker, words, config } = talk
  const isThere = config().secretKey !== undefined
  begin(talk, { title: words.secret.title, how: isThere ? words.secret.kept : words.secret.made })
  if (!isThere) answer(talk, 'SECRET_KEY', randomBytes(33).toString('base64'))
  asker.say('')
}

function begin({ asker }: Talk, { title, how }: { title: string; how: string }): void {
  asker.say(`\n${title}\n${how}`)
}

/** Whether to go on: nothing is broken, or nobody wants to enter it anew. */
async function isContent(talk: Talk, findings: Finding[]): Promise<boolean> {
  for (const finding of findings) talk.asker.say(`  ${renderFinding(finding)}`)
  return isWell(findings) || !(await agrees(talk, talk.words.again, true))
}

function leaveOut(talk: Talk, names: string[]): void {
  for (const name of names) answer(talk, name, undefined)
  talk.asker.say(talk.words.skipped)
}

interface HowToAsk {
  secret?: boolean
  /** A word that is no value, and is taken as it is. */
  other?: string
}

/** Until it is an answer that the house can read. What `.env` says stays when nothing is typed. */
async function askFor(talk: Talk, name: string, wish: SetupWords['model']['url'], { secret = false, other }: HowToAsk = {}) {
  const { asker, words, current, answers } = talk
  while (true) {
    const now = name in answers ? answers[name] : current[name] || undefined
    const hint = words.hint(wish.empty, now === undefined || !secret ? now : words.isSet, wish.instead)
    const said = await asker.ask(`${wish.name}${secret ? words.unseen : ''} (${hint}):`, secret)
    if (said === '') return now
    if (said === other) return said
    if (said === '-') return answer(talk, name, undefined)
    const [problem] = readVariables({ [name]: said }).problems
    if (problem === undefined) return answer(talk, name, said)
    asker.say(words.refused(problem))
  }
}

/** Undefined takes it out. What `.env` says already is no answer. */
function answer({ current, answers }: Talk, name: string, value: string | undefined): string | undefined {
  if ((current[name] || undefined) === value) delete answers[name]
  else answers[name] = value
  return value
}

/** What is neither is asked about again: it may be a token that was pasted one question too early. */
async function agrees({ asker, words }: Talk, question: string, usually: boolean): Promise<boolean> {
  while (true) {
    const said = await asker.ask(`${question} ${usually ? '[Y/n]' : '[y/N]'}`)
    if (said === '') return usually
    if (words.yes.test(said)) return true
    if (words.no.test(said)) return false
    asker.say(words.yesOrNo)
  }
}

/** Nothing that stands in the file is replaced unasked. */
async function isWanted(talk: Talk): Promise<boolean> {
  const { asker, words, current, answers } = talk
  const names = Object.keys(answers)
  const isNew = (name: string) => !current[name]
  const added = names.filter(isNew)
  const removed = names.filter(name => !isNew(name) && answers[name] === undefined)
  const replaced = names.filter(name => !isNew(name) && answers[name] !== undefined)
  if (names.length === 0) asker.say(words.nothing)
  else asker.say(words.summary(added, replaced, removed))
  const overwrites = replaced.length + removed.length > 0
  return names.length > 0 && agrees(talk, overwrites ? words.overwrite : words.write, !overwrites)
}
