import type { Config } from '../config/config.ts'
import { ModelError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Terms } from '../message.ts'
import type { Model } from '../model.ts'
import { createVault } from '../vault.ts'

/** What a sealed key is of, so that it opens nothing else. */
const contextOf = (baseUrl: string) => `model key ${baseUrl}`

/** For the door: a key that a program gives for an address, as it may lie in Redis. */
export function createSeal(secretKey: string | undefined): ((key: string, baseUrl: string) => string) | undefined {
  if (secretKey === undefined) return undefined
  const vault = createVault(secretKey)
  return (key, baseUrl) => vault.seal(key, contextOf(baseUrl))
}

/** A model that a program names itself, at an address that the operator allows; asked, it throws ModelError where he does not. */
export function createModelElsewhere({ modelUrls, secretKey }: Pick<Config, 'modelUrls' | 'secretKey'>, log: Log) {
  const vault = secretKey === undefined ? undefined : createVault(secretKey)
  return ({ baseUrl, model, sealedKey }: NonNullable<Terms['endpoint']>): Model =>
    async function* (prompt, signal) {
      if (!modelUrls.includes(baseUrl)) throw new ModelError('the address of this model is not among MODEL_BASE_URLS')
      const apiKey = sealedKey === undefined ? 'none' : vault?.open(sealedKey, contextOf(baseUrl))
      if (apiKey === undefined) throw new ModelError('the key for this model cannot be opened here: SECRET_KEY is missing')
      const { createOpenAiModel } = await import('./openai.ts')
      yield* createOpenAiModel({ baseUrl, model, apiKey, log })(prompt, signal)
    }
}
