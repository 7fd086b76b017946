import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Before anything of ours is loaded, so that the next start finds it compiled. Where nothing can be written it does without.
enableCompileCache(join(import.meta.dirname, '../.runtime/compile-cache'))
const { run } = await import('./run.ts')
await run()
