import { z } from 'zod'
import type { Route } from './route.ts'

/** Every route as OpenAPI 3.1 has it, the bodies by the schemas that read them. */
export function openApi(routes: Route[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Bellhop', version: '1', description: 'A chat bot that calls tools by itself, over HTTP.' },
    paths,
    security: [{ key: [] }, {}],
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'One of HTTP_API_KEYS, where there are any' } },
      schemas: { Problem: problemSchema, OpenAiProblem: openAiProblemSchema },
    },
  }
}

const text = { type: 'string' }
const object = (properties: Record<string, object>) => ({ type: 'object', required: Object.keys(properties), properties })
const problemSchema = object({ error: object({ code: text, message: text }) })
const openAiProblemSchema = object({
  error: object({ message: text, type: text, param: { type: ['string', 'null'] }, code: { type: ['string', 'null'] } }),
})

function operationOf({ method, path, about, body, gives, answer }: Route): object {
  const names = [...path.matchAll(/:(\w+)/g)].map(match => match[1] ?? '')
  const problem = path.startsWith('/v1/') ? 'OpenAiProblem' : 'Problem'
  return {
    operationId: `${method.toLowerCase()}${path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`,
    summary: about,
    ...(names.length > 0 && { parameters: names.map(name => ({ name, in: 'path', required: true, schema: text })) }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      '2XX': { description: 'all is well', content: contentOf(gives, answer) },
      default: {
        description: 'why not, in one sentence',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${problem}` } } },
      },
    },
  }
}

function schemaOf(body: z.ZodType, io: 'input' | 'output' = 'input'): object {
  const { $schema: _, ...schema } = z.toJSONSchema(body, { io, unrepresentable: 'any' })
  return schema
}

function contentOf(gives: Route['gives'], answer: Route['answer']): object {
  const json = { 'application/json': answer ? { schema: schemaOf(answer, 'output') } : {} }
  const events = { 'text/event-stream': { schema: text } }
  if (gives === 'events') return events
  if (gives === 'text') return { 'text/plain': { schema: text } }
  if (gives === 'file') return { 'application/octet-stream': {}, 'image/*': {} }
  if (gives === 'page') return { 'text/html': { schema: text }, ...json }
  return gives === 'both' ? { ...json, ...events } : json
}
