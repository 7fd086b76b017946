import { isObject } from './arguments.ts'

type Schema = Record<string, unknown>

const adapted = new WeakMap<Schema, Schema>()
const refusedAtRoot = ['$schema', 'oneOf', 'anyOf', 'allOf', 'not', 'enum']

/**
 * The schema as OpenAI and its relatives accept it: one that they refuse fails the whole request, not the one tool. What is
 * taken away makes it only wider; the server still checks the arguments against its own. Remembered per schema object.
 */
export function adaptSchema(schema: Schema): Schema {
  const known = adapted.get(schema)
  if (known) return known
  const root = Object.fromEntries(Object.entries(schema).filter(([key]) => !refusedAtRoot.includes(key)))
  const properties = isObject(root['properties']) ? root['properties'] : {}
  const result = giveItems({ ...root, type: 'object', properties })
  adapted.set(schema, result)
  return result
}

const holdsSchemas = ['properties', '$defs', 'definitions', 'patternProperties']
const isSchema = ['items', 'additionalProperties']
const listsSchemas = ['anyOf', 'oneOf', 'allOf', 'prefixItems']

/** An array has to say what it holds; values such as `default` and `enum` are no schemas and stay untouched. */
function giveItems(schema: Schema): Schema {
  const result: Schema = {}
  for (const [key, value] of Object.entries(schema)) {
    if (isSchema.includes(key) && isObject(value)) result[key] = giveItems(value)
    else if (holdsSchemas.includes(key) && isObject(value)) result[key] = giveItemsToEach(value)
    else if (listsSchemas.includes(key) && Array.isArray(value))
      result[key] = value.map(one => (isObject(one) ? giveItems(one) : one))
    else result[key] = value
  }
  const isArray = result['type'] === 'array' || (Array.isArray(result['type']) && result['type'].includes('array'))
  if (isArray && !('items' in result)) result['items'] = {}
  return result
}

function giveItemsToEach(schemas: Schema): Schema {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, isObject(one) ? giveItems(one) : one]))
}
