import type { Log } from '../log.ts'
import type { Embed, Model, Transcribe } from '../model.ts'
import type { Skill } from '../skills/skill.ts'
import { type ChainMember, createChain, type ModelNamed } from './chain.ts'
import { createOfflineModel } from './offline.ts'

interface EndpointConfig {
  apiKey: string
  baseUrl?: string
  names: [string, ...string[]]
  small?: string
  transcribe?: string
  embed?: string
}

/** What an operator's settings make of models. */
export interface Models {
  model: Model
  /** For what is short and asked often. */
  small: Model
  modelNamed?: ModelNamed
  transcribe?: Transcribe
  embed?: Embed
  /** Of the first. */
  name: string
  /** Those that may be chosen from. */
  names: string[]
}

/** Without an endpoint the offline model answers. Throws ConfigError for a base URL that is none. */
export async function openModels(config: EndpointConfig | undefined, skills: () => Skill[], log: Log): Promise<Models> {
  if (!config) {
    const model = createOfflineModel(skills)
    return { model, small: model, name: 'the built-in offline model', names: [] }
  }
  const { names, small = names[0], transcribe, embed, ...endpoint } = config
  const { createOpenAiModel } = await import('./openai.ts')
  const memberOf = (name: string): ChainMember => ({ name, model: createOpenAiModel({ ...endpoint, model: name, log }) })
  const [first, ...others] = names
  const members: [ChainMember, ...ChainMember[]] = [memberOf(first), ...others.map(memberOf)]
  const modelNamed = createChain({ members, log })
  const isListed = names.includes(small)
  const helper = isListed ? modelNamed(small) : createChain({ members: [memberOf(small), ...members], log })(small)
  const opened = { model: modelNamed(undefined), small: helper, modelNamed, name: first, names }
  const [{ createTranscriber }, { createEmbedder }] = await Promise.all([import('./transcribe.ts'), import('./embed.ts')])
  return {
    ...opened,
    ...(transcribe !== undefined && { transcribe: createTranscriber({ ...endpoint, model: transcribe, log }) }),
    ...(embed !== undefined && { embed: createEmbedder({ ...endpoint, model: embed, log }) }),
  }
}
