import { APIError } from 'openai'

/** How endpoints say that their model takes no pictures at all; there is no code for it, so their words decide. */
const blind = [
  /image_url is only supported by/i, // OpenAI
  /(?:image|vision|multi-?modal)\w*(?: \w+){0,3} (?:is|are) not (?:supported|enabled)/i, // llama.cpp, Mistral
  /(?:not|n't) support (?:\w+ ){0,2}(?:image|vision|multi-?modal)/i, // Ollama, LM Studio, Volcengine
  /no endpoints found that support image/i, // OpenRouter
  /unsupported content(?: part)? type\b.{0,40}image_url/is, // text-only servers
  /unknown variant .?image_url/i, // DeepSeek
  /content\W.{0,60}must be a string/is, // Groq
  /not a multi-?modal|text-only model|at most 0 image/i, // vLLM
  /不支持(?:图[像片]|视觉|多模态)/,
]
const aboutPictures = /image|picture|vision|multi-?modal|图[像片]/i
const statuses = [400, 404, 415, 422, 500, 501]

/** What it was about a prompt with pictures that was refused: `any` picture, or `these`; undefined: something else. */
export function refusedPictures(error: unknown): 'any' | 'these' | undefined {
  if (!(error instanceof APIError)) return undefined
  const { status = 0, message } = error
  if (status === 413) return 'these'
  if (!statuses.includes(status)) return undefined
  if (blind.some(words => words.test(message))) return 'any'
  return aboutPictures.test(message) ? 'these' : undefined
}
