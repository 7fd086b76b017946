import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Before anything of ours is loaded, so that the next start finds it compiled. Where nothing can be written it does without. Whoever sets
// NODE_COMPILE_CACHE, as `npm start` does, also saves loading what takes the types out of this file.
enableCompileCache(join(import.meta.dirname, '../.runtime/compile-cache'))
const { run } = await import('./run.ts')
await run()
