import type { CallToolResult, JsonSchemaType, Tool } from '@modelcontextprotocol/client'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import { tidy } from './clean.ts'
import { isRecord, outputSchemaKey } from './mend.ts'

type Schema = Record<string, unknown>
type Check = (value: unknown) => string | undefined

const engine = new AjvJsonSchemaValidator()
const checks = new WeakMap<Tool, Check>()

/** Longer ones cost more to compile than knowing is worth. */
const maxSchemaChars = 100_000

/** In which way a result breaks what the tool's server promised of it; undefined when it keeps it, or promised nothing. */
export function brokenPromise(tool: Tool, { structuredContent, isError }: CallToolResult): string | undefined {
  const schema = tool._meta?.[outputSchemaKey]
  if (!isRecord(schema) || isError === true) return undefined
  if (structuredContent === undefined) return 'there is no structured content'
  const check = checks.get(tool) ?? compile(schema)
  checks.set(tool, check)
  return check(structuredContent)
}

/** A schema that cannot be compiled says nothing about a result. Remote references are never fetched. */
function compile(schema: Schema): Check {
  const mute = () => undefined
  const harmless = disarm(schema)
  if (JSON.stringify(harmless).length > maxSchemaChars) return mute
  try {
    const validate = engine.getValidator(harmless as JsonSchemaType)
    return value => {
      try {
        const { valid, errorMessage = '' } = validate(value)
        return valid ? undefined : tidy(errorMessage, 300)
      } catch {
        return undefined // it refers to itself for ever
      }
    }
  } catch {
    return mute
  }
}

/** A pattern of a stranger can be made so that trying it never ends. */
const dangerous = new Set(['pattern', 'patternProperties', 'format'])
/** Names in these are the author's own, not keywords. */
const maps = new Set(['properties', '$defs', 'definitions', 'dependentSchemas'])

function disarm(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(([key]) => !dangerous.has(key))
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
