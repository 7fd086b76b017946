import fc from 'fast-check'

/** What chooses the examples of every property. The same ones each time, so that only a change of the code turns a test red; `SEED=7 vitest run` looks at others. */
const seed = Number(process.env['SEED'] ?? 20_260)

fc.configureGlobal({ seed })

export { fc }
