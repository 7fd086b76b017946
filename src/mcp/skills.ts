import type { Client, RequestOptions } from '@modelcontextprotocol/client'
import { type Skill, type SkillFile, SkillsClient } from '@modelcontextprotocol/client/ext/skills'

/** What a server offers to teach (SEP-2640). Reads none of it: a skill's files are fetched when it is loaded, and not before. */
export async function listSkills(client: Client, options: RequestOptions): Promise<Skill[]> {
  return (await new SkillsClient(client, { skipInvalid: true }).list(undefined, options)).skills
}

/**
 * Loads a skill: its SKILL.md first, then what else it lists. Throws SkillVerificationError at the first file that is not what the list
 * says of it, by length, digest or frontmatter, and reads no further.
 */
export async function readSkill(client: Client, skill: Skill, options: RequestOptions): Promise<SkillFile[]> {
  const skills = new SkillsClient(client)
  const files = [await skills.read(skill, undefined, options)]
  const others = skill.resources === 'dynamic' ? [] : skill.resources.filter(({ uri }) => uri !== skill.uri)
  for (const { uri } of others) files.push(await skills.read(skill, uri, options))
  return files
}
