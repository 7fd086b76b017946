import { setTimeout as sleep } from 'node:timers/promises'
import type { APIApplicationCommandAutocompleteInteraction, APIApplicationCommandOptionChoice } from 'discord.js'
import type { Suggest } from '../../src/adapter.ts'

/** Discord's limits for what may be offered while somebody types: so many choices, each with a name and a value so long. */
const most = { choices: 25, chars: 100 }

/** Discord waits three seconds; the last one is left to the way there. */
const patienceMs = 2000

/** What may be typed for the option that somebody types in; nothing when that is not known in time. Never rejects. */
export async function choicesFor(
  { data }: APIApplicationCommandAutocompleteInteraction,
  suggest: Suggest,
): Promise<APIApplicationCommandOptionChoice<string>[]> {
  const option = focused(data.options)
  if (!option) return []
  const patience = new AbortController()
  const late = sleep(patienceMs, [], { signal: patience.signal }).catch(() => [])
  const known = Promise.resolve()
    .then(() => suggest(data.name, option.name, String(option.value ?? ''), filled(data.options)))
    .catch(() => [])
  const texts = await Promise.race([known, late]).finally(() => patience.abort())
  const fitting = texts.filter(text => text !== '' && text.length <= most.chars)
  return [...new Set(fitting)].slice(0, most.choices).map(text => ({ name: text, value: text }))
}

interface Option {
  name: string
  value?: unknown
  focused?: boolean
  options?: Option[]
}

/** What stands in the other options. */
function filled(options: Option[]): Record<string, string> {
  const others = options.filter(({ focused, value }) => !focused && value !== undefined)
  return Object.fromEntries(others.map(({ name, value }) => [name, String(value)]))
}

function focused(options: Option[] | undefined): Option | undefined {
  for (const option of options ?? []) {
    const found = option.focused ? option : focused(option.options)
    if (found) return found
  }
  return undefined
}
