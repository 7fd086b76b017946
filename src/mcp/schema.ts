import { isRecord } from './mend.ts'

type Schema = Record<string, unknown>

/**
 * The least that OpenAI's endpoints ask of a tool's schema: an object with `properties` at the root and no choice there,
 * and `items` in every array. One bad schema is refused together with the whole request.
 */
export function repairSchema(schema: Schema): Schema {
  const { properties, required, ...rest } = fillItems(schema)
  const branches = combinators.flatMap(key => (Array.isArray(rest[key]) ? rest[key].filter(isRecord) : []))
  const all = [...branches, { properties }].map(branch => (isRecord(branch.properties) ? branch.properties : {}))
  const root = Object.fromEntries(Object.entries(rest).filter(([key]) => !refusedAtRoot.has(key)))
  return {
    ...root,
    type: 'object',
    properties: Object.assign({}, ...all),
    ...(Array.isArray(required) ? { required } : {}),
  }
}

const combinators = ['anyOf', 'oneOf', 'allOf'] as const
const refusedAtRoot = new Set<string>([...combinators, 'not', 'enum', 'const', 'if', 'then', 'else'])

/** Names in these are the author's own, not keywords. */
const maps = new Set(['properties', 'patternProperties', '$defs', 'definitions'])
/** What stands in these is a value, not a schema. */
const values = new Set(['enum', 'const', 'default', 'examples', 'required'])

function fillItems(schema: Schema): Schema {
  const filled = Object.fromEntries(
    Object.entries(schema).map(([key, part]) => [key, values.has(key) ? part : fillPart(key, part)]),
  )
  return filled['type'] === 'array' && filled['items'] === undefined ? { ...filled, items: {} } : filled
}

function fillPart(key: string, part: unknown): unknown {
  if (Array.isArray(part)) return part.map(one => (isRecord(one) ? fillItems(one) : one))
  if (!isRecord(part)) return part
  if (!maps.has(key)) return fillItems(part)
  return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, isRecord(one) ? fillItems(one) : one]))
}
