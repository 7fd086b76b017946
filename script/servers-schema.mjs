// Writes docs/servers.schema.json, from which editors know what may stand in a servers.config.json.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonSchema } from '../src/config/servers/entry.ts'

writeFileSync(join(import.meta.dirname, '../docs/servers.schema.json'), jsonSchema())
