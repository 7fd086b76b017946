import type { CallToolResult, JsonSchemaType, Tool } from '@modelcontextprotocol/client'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import { tidy } from './clean.ts'
import { isRecord, outputSchemaKey } from './mend.ts'

type Schema = Record<string, unknown>
type Check = (value: unknown) => string | undefined

const engine = new AjvJsonSchemaValidator()
const checks = new WeakMap<Schema, Check>()
const promises = new WeakMap<Schema, Schema>()

/** Longer ones cost more to compile than knowing is worth. */
const maxSchemaChars = 100_000

/** In which way a result breaks what the tool's server promised of it; undefined when it keeps it, or promised nothing. */
export function brokenPromise(tool: Tool, { structuredContent, isError }: CallToolResult): string | undefined {
  const schema = tool._meta?.[outputSchemaKey]
  if (!isRecord(schema) || isError === true) return undefined
  if (structuredContent === undefined) return 'there is no structured content'
  return misfit(schema, structuredContent)
}

/** In which way a value is not what the schema wants; undefined where it is, or nobody can tell. */
export function misfit(schema: Schema, value: unknown): string | undefined {
  const check = checks.get(schema) ?? compile(schema)
  checks.set(schema, check)
  return check(value)
}

/**
 * What may be promised on behalf of the tool's server: its schema without what only a dangerous check could tell, and without a name and a
 * dialect of its own, over which clients stumble. Undefined where it is none of an object, or cannot be compiled: one such schema costs a
 * client the whole list.
 */
export function promiseOf(tool: Tool): Schema | undefined {
  const schema = tool._meta?.[outputSchemaKey]
  if (!isRecord(schema) || schema['type'] !== 'object') return undefined
  const known = promises.get(schema)
  if (known) return known
  const { $schema: _, $id: __, ...harmless } = disarm(schema)
  try {
    if (!validatorOf(harmless)?.({})) return undefined
  } catch {
    return undefined // it refers to itself for ever
  }
  promises.set(schema, harmless)
  return harmless
}

/** A schema that cannot be compiled says nothing about a result. */
function compile(schema: Schema): Check {
  const validate = validatorOf(disarm(schema))
  if (!validate) return () => undefined
  return value => {
    try {
      const { valid, errorMessage = '' } = validate(value)
      return valid ? undefined : tidy(errorMessage, 300)
    } catch {
      return undefined // it refers to itself for ever
    }
  }
}

/** Undefined where it cannot be compiled. Remote references are never fetched. */
function validatorOf(harmless: Schema) {
  if (JSON.stringify(harmless).length > maxSchemaChars) return undefined
  try {
    return engine.getValidator(harmless as JsonSchemaType)
  } catch {
    return undefined
  }
}

/** A pattern of a stranger can be made so that trying it never ends. */
const dangerous = new Set(['pattern', 'patternProperties', 'format'])
/** Names in these are the author's own, not keywords. */
const maps = new Set(['properties', '$defs', 'definitions', 'dependentSchemas'])

/** What is true of all other fields, where nobody looks any more which are the others. */
const ofOthers = new Set(['additionalProperties', 'unevaluatedProperties'])

function disarm(schema: Schema): Schema {
  const isBlind = 'patternProperties' in schema
  const kept = Object.entries(schema).filter(([key]) => !dangerous.has(key) && !(isBlind && ofOthers.has(key)))
  return Object.fromEntries(
    kept.map(([key, part]) => [key, maps.has(key) && isRecord(part) ? disarmAll(part) : disarmPart(part)]),
  )
}

function disarmPart(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(disarmPart)
  return isRecord(part) ? disarm(part) : part
}

function disarmAll(schemas: Schema): Schema {
  const kept = Object.entries(schemas).filter(([, one]) => isRecord(one) || typeof one === 'boolean')
  return Object.fromEntries(kept.map(([name, one]) => [name, disarmPart(one)]))
}
