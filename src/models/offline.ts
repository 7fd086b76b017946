import { type Entry, houseServer, type Model, type Tool, type ToolEntry } from '../model.ts'
import type { Skill } from '../skills/skill.ts'
import { claimCallId } from './call-id.ts'
import { chooseTool } from './choose.ts'
import { exampleQuestions } from './example.ts'
import { type Plan, planFor } from './plan.ts'
import { isEmptyResult, makeReadable } from './readable.ts'
import { type Sentences, sentencesFor } from './sentences.ts'
import { isChinese } from './words.ts'

/**
 * Answers without any network: follows the plan of the skill that is asked for, picks a tool by plain words, tells what came back, and
 * otherwise says what it is and how to get a real model. The house's own tools it leaves alone.
 */
export function createOfflineModel(skills: () => Skill[] = () => []): Model {
  return async function* (prompt, signal) {
    signal.throwIfAborted()
    const question = askedBy(prompt.transcript)
    const sentences = sentencesFor(isChinese(question.own))
    const results = resultsSince(prompt.transcript)
    const tools = prompt.tools.filter(({ server }) => server !== houseServer)
    const { plan, stuck } = planFor(question.full, results, tools, skills())
    const choice =
      prompt.tools.length === 0 ? undefined : (plan?.next ?? (results.length > 0 ? undefined : chooseTool(question.full, tools)))
    if (choice) {
      const id = claimCallId(idsOf(prompt.transcript))
      yield { type: 'call', call: { id, name: choice.tool.name, input: choice.input } }
      return
    }
    const answer =
      results.length > 0 ? tellResults(results, plan, sentences) : introduce(tools, stuck, isChinese(question.own), sentences)
    for (const delta of wordByWord(answer)) {
      signal.throwIfAborted()
      yield { type: 'text', delta }
    }
  }
}

/** What the last person said. Of a message that they quote only a link counts: its words are somebody else's and order nothing. */
function askedBy(transcript: Entry[]): { own: string; full: string } {
  const whole = transcript.findLast(entry => entry.role === 'user')?.text ?? ''
  const fenced = /^\[attached [^\n]*\]\n(`{3,})\n[\s\S]*?\n\1$/gm // what stands in a file orders nothing, and its links neither
  const notOwn = /^(?:>.*|In reply to [^\n]*:|\[attached [^\n]*\]|\[[^\n]* says\])$/gm
  const text = whole.replace(fenced, '')
  const own = text.replace(notOwn, '').trim()
  const link = /https?:\/\//.test(own) ? undefined : /^>.*?(https?:\/\/\S+)/m.exec(text)?.[1]
  return { own, full: link === undefined ? own : `${own} ${link}` }
}

/** What came back since somebody last said something. */
function resultsSince(transcript: Entry[]): ToolEntry[] {
  const start = transcript.findLastIndex(entry => entry.role === 'user') + 1
  return transcript.slice(start).filter(entry => entry.role === 'tool')
}

function idsOf(transcript: Entry[]): Set<string> {
  return new Set(transcript.flatMap(entry => (entry.role === 'tool' ? [entry.callId] : [])))
}

function tellResults(results: ToolEntry[], plan: Plan | undefined, sentences: Sentences): string {
  const loud = results.filter(result => !plan?.quiet.has(result))
  const told = (loud.length > 0 ? loud : results.slice(-1)).map(result => tellResult(result, sentences))
  return [...(plan && results.length > 1 ? [sentences.followed(plan.skill.name)] : []), ...told].join('\n\n')
}

function tellResult({ name, text, ok }: ToolEntry, sentences: Sentences): string {
  const tool = `\`${name.replace('__', ' · ')}\``
  if (!ok) return sentences.failed(tool, makeReadable(text, sentences.more))
  if (isEmptyResult(text)) return sentences.empty(tool)
  return `${sentences.found(tool)}\n\n${makeReadable(text, sentences.more)}`
}

function introduce(tools: Tool[], [stuck]: Plan[], chinese: boolean, sentences: Sentences): string {
  const servers = [...new Set(tools.map(tool => tool.server))]
  const examples = exampleQuestions(tools, 2, chinese)
  const offer = tools.length > 0 ? sentences.tools(tools.length, servers) : sentences.noTools
  const hint = examples.length > 0 ? sentences.tryThis(examples) : ''
  const space = chinese ? '' : ' '
  if (stuck) return [sentences.who, whyStuck(stuck, sentences), sentences.configure].join(space)
  return [sentences.who, `${offer}${hint}${chinese ? '。' : '.'}`, sentences.configure].join(space)
}

function whyStuck({ skill, unconnected, lacking }: Plan, sentences: Sentences): string {
  if (skill.plan.length === 0) return sentences.needsModel(skill.name)
  if (lacking.length > 0) return sentences.lacks(skill.name, [...new Set(lacking)])
  return sentences.notConnected(skill.name, unconnected)
}

/** A word each; where there are no spaces, as in Chinese, a few letters. Never cuts a letter in two. */
function wordByWord(text: string): string[] {
  return text.match(/\s*(?:[\p{Script=Han}，。；：、！？]{1,4}|[^\s\p{Script=Han}]+)|\s+$/gu) ?? []
}
