// Preloaded (`--import`) into a house that is driven to its limit: it keeps asking the pacer in Redis before every call, as it always does,
// but is told that Telegram allows any number. Telegram's own limits are 30 calls a second for a bot, far below what the CPU can do.
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    const isPace = specifier === './pace.ts' && context.parentURL?.includes('/adapters/telegram/')
    return next(isPace ? new URL('./any-pace.ts', import.meta.url).href : specifier, context)
  },
})
