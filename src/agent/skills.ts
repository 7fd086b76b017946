import type { Message } from '../message.ts'
import { houseServer, type Tool } from '../model.ts'
import { type Skills, skillsFor } from '../skills/shelf.ts'
import { findTool, type Skill } from '../skills/skill.ts'
import type { HouseTool } from './house-tools.ts'

/** More whole skills than this are not put into one prompt; the model can load the others. */
const mostAtOnce = 3

/** What the system prompt says of skills: what each is for, and the whole of those that these messages ask for. `tools` are at hand. */
export function skillNotes(messages: Message[], skills: Skill[], tools: Tool[]): string[] {
  if (skills.length === 0) return []
  const text = messages.map(wordsOf).join('\n')
  const asked = skillsFor(text, skills).slice(0, mostAtOnce)
  const lines = skills.map(({ name, description }) => `- ${name}: ${description.replace(/\s+/g, ' ')}`).join('\n')
  return [
    `Skills are instructions for certain kinds of tasks. Before you begin a task that one of them is for, load it with \`load_skill\`, unless it stands below.\n${lines}`,
    ...asked.map(skill => `The person seems to ask for what this skill is for. ${wholeSkill(skill, tools)}`),
  ]
}

/** Of a quoted message only its links count: its words are somebody else's. */
function wordsOf({ text, quoted, withdrawn }: Message): string {
  if (withdrawn) return ''
  return [text, ...(quoted?.text.match(/https?:\/\/\S+/g) ?? [])].join(' ')
}

export const loadSkillName = 'load_skill'

/** One for all turns: lists that it is in are known by it. */
const definition: Tool = {
  name: loadSkillName,
  description: 'Read the whole instructions of one of your skills before you begin a task that it is for.',
  inputSchema: {
    type: 'object',
    properties: { name: { type: 'string', description: 'Name of the skill, as the list of skills gives it' } },
    required: ['name'],
  },
  label: 'Load skill',
  server: houseServer,
  repeatable: true,
  readOnly: true,
}

/** The house tool by which a model reads the whole of a skill. `tools` are those at hand when it does. */
export function loadSkillTool(skills: Skills, tools: () => Tool[]): HouseTool {
  return {
    tool: definition,
    async call({ name }) {
      const all = skills.list()
      const skill = all.find(one => one.name === String(name).trim().toLowerCase())
      if (skill) return { ok: true, text: wholeSkill(skill, tools()) }
      return {
        ok: false,
        text: `There is no skill ${JSON.stringify(name)}. There is: ${all.map(one => one.name).join(', ') || 'none'}.`,
      }
    },
  }
}

function wholeSkill({ name, body, tools: wanted }: Skill, tools: Tool[]): string {
  const lines = wanted.map(tool => {
    const found = findTool(tool, tools)
    return found ? `- \`${found.name}\` is connected` : `- \`${tool}\` is not connected: say so if the task needs it`
  })
  return [`Skill "${name}":\n\n${body}`, ...(lines.length > 0 ? [`Tools of this skill:\n${lines.join('\n')}`] : [])].join('\n\n')
}
