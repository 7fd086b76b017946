import { isRecord } from './mend.ts'

type Schema = Record<string, unknown>

/**
 * What model endpoints ask of a tool's schema: an object with `properties` at the root and no choice there, known types, `items` in
 * every array, and no reference that leads nowhere. One bad schema is refused together with the whole request. What is taken away
 * makes it only wider; the server still checks the arguments.
 */
export function repairSchema(schema: Schema): Schema {
  const { properties, required, ...rest } = repair(inlineRoot(schema), schema)
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
const refusedAtRoot = new Set<string>([...combinators, '$ref', 'not', 'enum', 'const', 'if', 'then', 'else'])

/** A root that only refers to one of its own definitions, as some generators write it. */
function inlineRoot(schema: Schema): Schema {
  const { $ref, ...rest } = schema
  const target = typeof $ref === 'string' ? find(schema, $ref) : undefined
  return isRecord(target) && target !== schema ? { ...target, ...rest } : rest
}

/** Names in these are the author's own, not keywords. */
const maps = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])
/** What stands in these is a value, not a schema. */
const values = new Set(['enum', 'const', 'default', 'examples', 'required'])
const types = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])

function repair(schema: Schema, root: Schema): Schema {
  const fixed = Object.entries(schema).flatMap(([key, part]): [string, unknown][] => {
    if (!isSound(key, part, root)) return []
    if (key === 'items' && Array.isArray(part)) return [['prefixItems', part.map(one => repairPart('', one, root))]]
    return [[key, values.has(key) ? part : repairPart(key, part, root)]]
  })
  const filled = Object.fromEntries(fixed)
  const isArray = [filled['type']].flat().includes('array')
  return isArray && filled['items'] === undefined ? { ...filled, items: {} } : filled
}

/** Whether a keyword is what JSON Schema says it is. */
function isSound(key: string, part: unknown, root: Schema): boolean {
  switch (key) {
    case 'type':
      return [part].flat().every(one => typeof one === 'string' && types.has(one))
    case 'required':
      return Array.isArray(part) && part.every(one => typeof one === 'string')
    case 'enum':
      return Array.isArray(part) && part.length > 0
    case 'properties':
      return isRecord(part)
    case '$ref':
      return typeof part === 'string' && find(root, part) !== undefined
    default:
      return true
  }
}

/** What a reference within the document (`#/$defs/x`) leads to. Others are never followed. */
function find(root: Schema, reference: string): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  const steps = reference.slice(2).split('/')
  return steps.reduce<unknown>((at, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Schema)[name] : undefined
  }, root)
}

function repairPart(key: string, part: unknown, root: Schema): unknown {
  if (Array.isArray(part)) return part.map(one => (isRecord(one) ? repair(one, root) : one))
  if (!isRecord(part)) return part
  if (!maps.has(key)) return repair(part, root)
  return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, isRecord(one) ? repair(one, root) : one]))
}
